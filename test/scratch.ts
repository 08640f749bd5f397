import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One folder for whatever this run of the tests writes, gone after it; the state of whoever runs them stays as it is. */
export default function scratch(): () => void {
  const folder = mkdtempSync(join(quickest(), "vtdoctor-test-"));
  process.env.TMPDIR = folder;
  process.env.XDG_STATE_HOME = join(folder, "state");
  return () => rmSync(folder, { recursive: true, force: true });
}

const SHARED_MEMORY = "/dev/shm";

/** Memory where there is enough, as journals are flushed to the disk line by line. */
const quickest = (): string => {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize > 2 ** 31 ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
};
