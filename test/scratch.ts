import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One folder for whatever this run of the tests writes, gone after it. */
export default function scratch(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "vtdoctor-test-"));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
