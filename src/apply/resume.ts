import { execute } from "./execute.js";
import {
  abandonedLocks,
  intentsIn,
  isFinished,
  type JournalRecord,
  type LockRecord,
  resultsIn,
} from "./journal.js";
import { provenCluster, provenYoungEnough } from "./preconditions.js";
import { finishedResult } from "./progress.js";
import { type ExecuteOptions, Run } from "./run.js";
import type { RunFolder } from "./run-folder.js";
import type { RunResult } from "./run-result.js";
import type { World } from "./world.js";

/**
 * Goes on with a run that was stopped or killed. What the journal calls done is not run again; a step that was begun is settled by
 * reading reality (docs/decisions.md#d20). What the plan rests on is proven again under the locks: the keys that no begun step writes, the
 * streams that the run has not taken away, and before tables are touched that the streams still stand. A plan that has expired only goes on
 * where nothing is left that needs consent.
 * Throws as `execute` does. A run that is finished already is only reported.
 */
export async function resume(folder: RunFolder, world: World, options: ExecuteOptions): Promise<RunResult> {
  const records = folder.records();
  if (records.length === 0) return execute(folder.plan, world, folder, options);
  if (isFinished(records)) return finishedResult(folder, { alreadyFinished: true });
  if (intentsIn(records).size > 0) provenYoungEnough(folder.plan, resultsIn(records), world.clock);
  await provenCluster(folder.plan, world);
  await giveBackLocks(records, world);
  return new Run(world, folder, options).toTheEnd("resumed");
}

/** Gives back the Vitess locks that a killed executor of the run left. The run's folder must be claimed. */
export async function giveBackLocks(records: readonly JournalRecord[], world: World): Promise<void> {
  for (const lock of abandonedLocks(records)) await giveBack(lock, world);
}

/** The folder has one executor at a time, so whoever held this lock for the run is gone. Otherwise it ends with its lease. */
async function giveBack(lock: LockRecord, world: World): Promise<void> {
  const store = world.store(lock.server);
  const got = await store.get(lock.key);
  if (got.kind === "answered" && got.value.entry?.createRevision === lock.createRevision) {
    await store.revoke(lock.lease);
  }
}
