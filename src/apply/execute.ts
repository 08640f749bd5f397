import { RefusedError } from "../cluster/errors.js";
import type { Plan } from "../plan/plan.js";
import { type ExecuteOptions, PlanExecution } from "./plan-execution.js";
import type { Ports } from "./ports.js";
import { proveCluster, provePremises, proveStart, refuseExpiredResume } from "./preconditions.js";
import { finishedResult } from "./progress.js";
import {
  abandonedLocks,
  intentsIn,
  isFinished,
  type JournalRecord,
  type LockRecord,
  resultsIn,
} from "./runs/journal.js";
import type { RunFolder } from "./runs/run-folder.js";
import type { RunResult } from "./runs/run-result.js";

/**
 * Executes a plan from its beginning: the plan's reads are proven first, then each stage takes its locks, and each step is checked,
 * journaled, run and verified (docs/decisions.md#d13, docs/decisions.md#d15, docs/decisions.md#d20).
 * Throws RefusedError (stale or foreign plan, failed precondition, lock held), IncompleteError (somebody did not answer and nothing was
 * changed) or InterruptedError (stopped part-way; `resume` goes on). Closing the folder is the caller's.
 */
export async function execute(
  plan: Plan,
  ports: Ports,
  folder: RunFolder,
  options: ExecuteOptions,
): Promise<RunResult> {
  if (folder.run !== plan.id) throw new RefusedError(`the folder ${folder.path} belongs to another plan`);
  if (folder.records().length > 0) {
    throw new RefusedError(
      `run ${folder.run} was started before; go on with \`vtdoctor resume ${folder.run}\``,
    );
  }
  await proveStart(plan, ports);
  return new PlanExecution(ports, folder, options).toTheEnd("started");
}

/**
 * Goes on with a run that was stopped or killed. What the journal calls done is not run again; a step that was begun is settled by
 * reading reality (docs/decisions.md#d20). What the plan rests on is proven again under the locks: the keys that no begun step writes, the
 * streams that the run has not taken away, and before tables are touched that the streams still stand. A plan that has expired only goes on
 * where nothing is left that needs consent.
 * Throws as `execute` does. A run that is finished already is only reported.
 */
export async function resume(folder: RunFolder, ports: Ports, options: ExecuteOptions): Promise<RunResult> {
  const records = folder.records();
  if (records.length === 0) return execute(folder.plan, ports, folder, options);
  if (isFinished(records)) return finishedResult(folder, { alreadyFinished: true });
  if (intentsIn(records).size > 0) refuseExpiredResume(folder.plan, resultsIn(records), ports.clock);
  await proveCluster(folder.plan, ports);
  await giveBackLocks(records, ports);
  return new PlanExecution(ports, folder, options).toTheEnd("resumed");
}

/** All that refuses what is left of a run before it goes on. Throws as `execute` does. */
export async function proveRest(folder: RunFolder, ports: Ports): Promise<void> {
  const records = folder.records();
  const begun = intentsIn(records);
  if (begun.size === 0) return proveStart(folder.plan, ports);
  refuseExpiredResume(folder.plan, resultsIn(records), ports.clock);
  await proveCluster(folder.plan, ports);
  await provePremises(folder.plan, ports, begun);
}

/** Gives back the Vitess locks that a killed executor of the run left. The run's folder must be claimed. */
export async function giveBackLocks(records: readonly JournalRecord[], ports: Ports): Promise<void> {
  for (const lock of abandonedLocks(records)) await giveBack(lock, ports);
}

/** The folder has one executor at a time, so whoever held this lock for the run is gone. Otherwise it ends with its lease. */
async function giveBack(lock: LockRecord, ports: Ports): Promise<void> {
  const store = ports.store(lock.server);
  const got = await store.get(lock.key);
  if (got.kind === "answered" && got.value.entry?.createRevision === lock.createRevision) {
    await store.revoke(lock.lease);
  }
}
