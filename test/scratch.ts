import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One folder for whatever this run of the tests writes, gone after it; the state of whoever runs them stays as it is. */
export default function scratch(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "vtdoctor-test-"));
  process.env.TMPDIR = folder;
  process.env.XDG_STATE_HOME = join(folder, "state");
  return () => rmSync(folder, { recursive: true, force: true });
}
