import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { DoctorError } from "../../cluster/errors.js";

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

/** A run goes no further than what it can write down. */
export const notWritten = (file: string, error: unknown): DoctorError =>
  error instanceof DoctorError
    ? error
    : new DoctorError(
        "interrupted",
        `${file} can not be written (${error instanceof Error ? error.message : String(error)}), so the run goes no further: see that it can (is the disk full?) before you go on with it`,
      );
