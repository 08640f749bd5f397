import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf, UsageError } from "../cluster/errors.js";

/** A new folder of this process alone, in TMPDIR or else in the first of `places` where one can be made. Throws `UsageError` that names TMPDIR. */
export function scratchFolder(places: readonly string[] = []): string {
  const tried: string[] = [];
  for (const place of [tmpdir(), ...places]) {
    try {
      return mkdtempSync(join(place, "vtdoctor-"));
    } catch (error) {
      tried.push(`${place}: ${codeOf(error)}`);
    }
  }
  throw noScratch(tried.join(", "));
}

export const noScratch = (reason: string): UsageError =>
  new UsageError(
    `there is no folder for a temporary file (${reason}): set TMPDIR to one that can be written and has room, in a container often /dev/shm`,
  );
