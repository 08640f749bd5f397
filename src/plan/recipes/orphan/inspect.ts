import type { Snapshot } from "../../../snapshot/snapshot.js";
import { isPrimary, type Process, probed, processesOfShard } from "../../view/processes.js";
import type { ShardRef } from "../../view/shards.js";
import { groupStreams, type StreamGroup, streamsAt } from "../../view/streams.js";
import { type Deletion, replicationDeletions, shardDeletion, tabletDeletions } from "./deletion.js";
import { twins } from "./twins.js";

/** A shard without a record, with everything that is known of what still runs for it. */
export interface OrphanShard extends ShardRef {
  readonly processes: readonly Process[];
  /** Without those that share their alias with another process. */
  readonly primaries: readonly Process[];
  /** Every stream on it is an orphan: of the cancelled workflow, or a copy of a reference table's (docs/vitess.md#reference-copies). */
  readonly groups: readonly StreamGroup[];
  readonly deletion: Deletion | null;
  readonly tablets: readonly Deletion[];
  readonly replication: readonly Deletion[];
}

export const inspect = (snapshot: Snapshot, shard: ShardRef): OrphanShard => {
  const processes = processesOfShard(snapshot, shard.keyspace, shard.shard);
  const ambiguous = twins(processes);
  const single = processes.filter(({ alias }) => !ambiguous.has(alias));
  return {
    keyspace: shard.keyspace,
    shard: shard.shard,
    processes,
    primaries: single.filter(isPrimary),
    groups: single.flatMap((process) => groupStreams(process, streamsAt(snapshot, process.address))),
    deletion: shardDeletion(snapshot, shard),
    tablets: tabletDeletions(snapshot, shard),
    replication: replicationDeletions(snapshot, shard),
  };
};

/** Streams that a call can reach: the engine of a tablet that is not PRIMARY is closed (docs/vitess.md#vreplicationexec). */
export const reachable = (group: StreamGroup): boolean => isPrimary(group.process);

export const streamsKnown = (snapshot: Snapshot, process: Process): boolean =>
  probed(snapshot, process.address, "streams");
