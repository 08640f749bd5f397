import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Linux keeps it in memory. What is killed here is a process, not a machine: what fsync waits for proves nothing, and took half of the time. */
const MEMORY = "/dev/shm";

/** A folder for the runs of one test file, gone after it. */
export function runsFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "vtdoctor-crash-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
