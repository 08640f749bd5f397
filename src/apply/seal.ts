import type { Clock } from "../cluster/clock.js";
import type { ExitName } from "../cluster/errors.js";
import { finishedResult } from "./progress.js";
import type { RunFolder } from "./run-folder.js";

/** What the new look after a run's last step came to: the last words of its folder, which is the record for an audit. */
export function seal(
  folder: RunFolder,
  verdict: { readonly exit: ExitName; readonly reasons: readonly string[] },
  clock: Clock,
): void {
  folder.append({ at: new Date(clock.now()).toISOString(), kind: "verified", ...verdict });
  const said =
    verdict.reasons.length === 0 ? "every step holds, and a new scan agrees" : verdict.reasons.join("; ");
  const { run, steps } = finishedResult(folder, { alreadyFinished: true });
  folder.saveReport({ run, exit: verdict.exit, said, steps });
}
