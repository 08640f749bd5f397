import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { type Process, processesOfShard, tabletRef } from "../facts/processes.js";
import type { ShardRef } from "../facts/topology.js";

/**
 * `RefreshState` for the tablets of a shard that heed the records (docs/vitess.md#refresh-state); an orphan is never called. Of those that
 * serve reads one that can not be told must not keep the others from being told; the one that takes the writes has to be.
 */
export const refreshSteps = (
  snapshot: Snapshot,
  { keyspace, shard }: ShardRef,
  wanted: (process: Process) => boolean,
): readonly DraftStep[] =>
  processesOfShard(snapshot, keyspace, shard)
    .filter((process) => process.record === "present" && process.shardRecord === "present" && wanted(process))
    .map((process) => ({
      kind: "tablet.refresh",
      tablet: tabletRef(snapshot, process),
      ...(process.type === "PRIMARY" ? {} : { mayFail: true }),
    }));

/** Of recorded tablets of a shard that did not answer, and so can not be told. */
export const untoldNotes = (snapshot: Snapshot, { keyspace, shard }: ShardRef): readonly string[] => {
  const heard = new Set(processesOfShard(snapshot, keyspace, shard).map(({ alias }) => alias));
  return snapshot
    .rows("tablet", { keyspace, shard })
    .map(({ alias }) => alias)
    .filter((alias) => !heard.has(alias))
    .map(
      (alias) =>
        `${alias} of ${keyspace}/${shard} did not answer: it reads the records when it is started, or with vtctldclient RefreshState ${alias}`,
    );
};
