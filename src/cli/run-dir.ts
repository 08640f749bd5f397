import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { claimFolder } from "../apply/runs/folder-owner.js";
import { intentsIn, isFinished, isWorse, resultsIn } from "../apply/runs/journal.js";
import { planIn } from "../apply/runs/plan-file.js";
import { noRun } from "../apply/runs/run-folder-disk.js";
import {
  findRun,
  joinLists,
  laterRunsOf,
  listRuns,
  namesIn,
  pastRun,
  type RunList,
  recordsOf,
  type StoredRun,
} from "../apply/runs/run-list.js";
import { RefusedError, UsageError } from "../cluster/errors.js";
import type { PastRun } from "../plan/past-run.js";
import type { Plan, PlanCluster } from "../plan/plan.js";
import { shellWord } from "../rules/template.js";
import type { Request } from "./command.js";
import { ownerOf } from "./owner.js";
import { clusterFolders, makeClusterFolder, stateFolder } from "./state-folder.js";

/** `--run-dir`, else the state folder of all clusters: where runs are looked for. Throws `UsageError`. */
export const runsPlace = ({ given, context }: Request): string =>
  given.text("run-dir") ?? orRunDir(() => stateFolder(context));

/** The folders of runs there. */
const runsDirs = (request: Request): readonly string[] => {
  const given = request.given.text("run-dir");
  return given === undefined
    ? orRunDir(() => clusterFolders(runsPlace(request)).map((path) => join(path, RUNS)))
    : [given];
};

const RUNS = "runs";

/** Where a new run of this cluster belongs; with the run that it is of, if any. Throws `UsageError`: nothing is begun that is not kept. */
export function newRunDir(request: Request, { run }: Plan, cluster: PlanCluster): string {
  const given = request.given.text("run-dir");
  if (given !== undefined) return given;
  if (run !== undefined) return dirOfRun(request, run);
  return orRunDir(() => join(makeClusterFolder(stateFolder(request.context), cluster), RUNS));
}

/** The folder of runs that has this one. Throws `UsageError` where there is none. */
export function dirOfRun(request: Request, run: string): string {
  const found = runsDirs(request).find((dir) => existsSync(planIn(join(dir, run))));
  if (found === undefined) throw new UsageError(noRun(runsPlace(request), namesIn(runsOf(request)), run));
  return found;
}

/** A run needs a place that lasts: the state folder, or the one that the operator names. */
function orRunDir<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} Or give the folder of the runs with --run-dir FOLDER.`);
  }
}

export const runsOf = (request: Request): RunList => joinLists(runsDirs(request).map(listRuns));

/** Throws `UsageError` where there is no such run, or where its folder can not be read. */
export const runNamed = (request: Request, list: RunList, run: string): StoredRun =>
  findRun(list, runsPlace(request), run);

/**
 * The run that the command names, with its folder claimed until `release`: nobody goes on with it meanwhile. A dry run claims nothing.
 * Throws `UsageError` for an unknown run, `RefusedError` where it is being executed.
 */
export function claimPastRun(request: Request, dryRun: boolean): { readonly past: PastRun; release(): void } {
  const run = request.given.text("run") ?? "";
  const runsDir = dirOfRun(request, run);
  const list = listRuns(runsDir);
  const stored = findRun(list, runsDir, run);
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

export function unfinished({ id, run, stages }: Plan, runsDir: string, { given }: Request): Unfinished {
  const records = recordsOf(runsDir, id);
  const done = resultsIn(records).size;
  const [begun] = [...intentsIn(records)].filter((step) => !resultsIn(records).has(step));
  const all = stages.flatMap(({ steps }) => steps).length;
  const elsewhere = given.text("run-dir") === undefined ? "" : ` --run-dir ${shellWord(resolve(runsDir))}`;
  const [folder, resume] = [resolve(runsDir, id), `vtdoctor resume ${id}${elsewhere}`];
  const same = `(folder ${folder}), with the same connection:\n    `;
  if (isWorse(records) && intentsIn(records).size > 0 && run === undefined) {
    const undo = `vtdoctor undo ${id}${elsewhere}`;
    const back = `run ${id} stopped after ${done} of ${all} steps, because queries are worse off than before it. To take it back ${same}${undo}`;
    const on = `To go on with it, once they are served again:\n    ${resume}`;
    return { folder, resume, words: `${back}\n${on}` };
  }
  const how = isFinished(records)
    ? `run ${id} did all of its ${all} steps, and nothing has verified them yet. To look again`
    : `run ${id} stopped after ${done} of ${all} steps${begun === undefined ? "" : `, in the middle of ${begun}`}. To go on with it`;
  return {
    folder,
    resume,
    words: `${how} ${same}${resume}`,
  };
}
