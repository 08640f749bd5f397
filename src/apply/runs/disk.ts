import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";

/** Whole or not at all, by way of `temporary`, and on disk when it returns. Row images may be in it: readable by its owner alone. */
export function writeWhole(file: string, text: string, temporary = `${file}.new`): void {
  const handle = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
}

/** A new name in a directory is on disk only when the directory is. */
export function syncDirectory(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
