import { claimFolder } from "../apply/runs/folder-owner.js";
import { findRun, laterRunsOf, listRuns, pastRun, type RunList } from "../apply/runs/run-list.js";
import { RefusedError } from "../cluster/errors.js";
import type { PastRun } from "../plan/past-run.js";
import type { Plan } from "../plan/plan.js";
import type { Request } from "./command.js";
import { ownerOf, runsDirOf } from "./run-dir.js";

export const runsOf = (request: Request): RunList => listRuns(runsDirOf(request));

/**
 * The run that the command names, with its folder claimed until `release`: nobody goes on with it meanwhile. A dry run claims nothing.
 * Throws `UsageError` for an unknown run, `RefusedError` where it is being executed.
 */
export function claimPast(request: Request, dryRun: boolean): { readonly past: PastRun; release(): void } {
  const runsDir = runsDirOf(request);
  const list = listRuns(runsDir);
  const stored = findRun(list, runsDir, request.given.text("run") ?? "");
  const release = dryRun ? () => {} : claimFolder(stored.path, ownerOf(request));
  try {
    return { past: pastRun(dryRun ? list : listRuns(runsDir), stored), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** A run that was taken back does not go on: its journal calls done what is undone. Throws `RefusedError`. */
export function refuseTakenBack({ id }: Plan, runsDir: string): void {
  const undo = laterRunsOf(listRuns(runsDir), id).find(({ operation }) => operation === "undo");
  if (undo === undefined) return;
  throw new RefusedError(
    undo.finished
      ? `run ${id} was taken back by run ${undo.run} at ${undo.at}: type its command again instead. Nothing was changed.`
      : `run ${undo.run} began to take run ${id} back: go on with \`vtdoctor resume ${undo.run}\` instead. Nothing was changed.`,
  );
}
