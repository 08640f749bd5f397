import { resolve } from "node:path";
import { claimFolder, type Owner } from "../apply/runs/folder-owner.js";
import { intentsIn, isFinished, resultsIn } from "../apply/runs/journal.js";
import { findRun, laterRunsOf, listRuns, pastRun, type RunList, recordsOf } from "../apply/runs/run-list.js";
import { RefusedError } from "../cluster/errors.js";
import { LIMITS } from "../config/options.js";
import type { PastRun } from "../plan/past-run.js";
import type { Plan } from "../plan/plan.js";
import { shellWord } from "../rules/template.js";
import type { Request } from "./command.js";

/** `--run-dir`: where the runs' folders are. */
export const runsDirOf = ({ given }: Request): string => given.text("run-dir") ?? LIMITS["run-dir"].default;

/** This process, as the executor of a run. */
export const ownerOf = ({ context }: Request): Owner => ({
  pid: process.pid,
  hostName: context.hostName,
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  },
});

export const runsOf = (request: Request): RunList => listRuns(runsDirOf(request));

/**
 * The run that the command names, with its folder claimed until `release`: nobody goes on with it meanwhile. A dry run claims nothing.
 * Throws `UsageError` for an unknown run, `RefusedError` where it is being executed.
 */
export function claimPastRun(request: Request, dryRun: boolean): { readonly past: PastRun; release(): void } {
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
export function refuseUndone({ id }: Plan, runsDir: string): void {
  const undo = laterRunsOf(listRuns(runsDir), id).find(({ operation }) => operation === "undo");
  if (undo === undefined) return;
  throw new RefusedError(
    undo.finished
      ? `run ${id} was taken back by run ${undo.run} at ${undo.at}: type its command again instead. Nothing was changed.`
      : `run ${undo.run} began to take run ${id} back: go on with \`vtdoctor resume ${undo.run}\` instead. Nothing was changed.`,
  );
}

/** A run that this process leaves before its end, or before the look that verifies it. */
export interface Unfinished {
  /** Absolute: the next command may be typed elsewhere. */
  readonly folder: string;
  /** The command that goes on with it. */
  readonly resume: string;
  /** The same for a person; the command is a line of its own. */
  readonly words: string;
}

export function unfinished({ id, stages }: Plan, request: Request): Unfinished {
  const records = recordsOf(runsDirOf(request), id);
  const done = resultsIn(records).size;
  const [begun] = [...intentsIn(records)].filter((step) => !resultsIn(records).has(step));
  const all = stages.flatMap(({ steps }) => steps).length;
  const runsDir = runsDirOf(request);
  const elsewhere = runsDir === LIMITS["run-dir"].default ? "" : ` --run-dir ${shellWord(resolve(runsDir))}`;
  const [folder, resume] = [resolve(runsDir, id), `vtdoctor resume ${id}${elsewhere}`];
  const how = isFinished(records)
    ? `run ${id} did all of its ${all} steps, and nothing has verified them yet. To look again`
    : `run ${id} stopped after ${done} of ${all} steps${begun === undefined ? "" : `, in the middle of ${begun}`}. To go on with it`;
  return {
    folder,
    resume,
    words: `${how} (folder ${folder}), with the same connection:\n    ${resume}`,
  };
}
