import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
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

/** Room for the last words of a run: the result of the step that was begun, why it stopped, which locks it gave back. */
const RESERVE_BYTES = 64 << 10;

/** Space that a run takes before its first effect, so that a disk that others fill meanwhile has room for what came of the effect. */
export class Reserve {
  #held = true;

  /** Throws where there is not so much. */
  constructor(private readonly file: string) {
    const handle = openSync(file, "w", 0o600);
    try {
      // Not zeros: some file systems keep no space for those.
      writeFileSync(handle, Buffer.alloc(RESERVE_BYTES, "r"));
      fsyncSync(handle);
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    } finally {
      closeSync(handle);
    }
  }

  /** False: it was given back before. */
  giveBack(): boolean {
    const held = this.#held;
    this.#held = false;
    rmSync(this.file, { force: true });
    return held;
  }
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
