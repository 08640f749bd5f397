import type { Snapshot } from "../../snapshot/snapshot.js";
import { claimedTwice, isPrimary, type Process, processesOfShard } from "./processes.js";
import { groupsOn, type StreamGroup } from "./stream-facts.js";
import type { ShardRef } from "./topology.js";

/** A record that history still shows, with the operation whose lock covered its deletion (docs/decisions.md#d8). */
export interface Deletion {
  readonly server: string;
  readonly key: string;
  readonly deletedRevision: number;
  readonly operation: string;
  readonly lockKey: string | null;
  readonly lockAction: string | null;
  readonly lockHost: string | null;
  readonly alias: string;
  readonly cell: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
}

const COLUMNS = `SELECT d.server, d.key, d.deleted_revision AS deletedRevision, d.operation, d.lock_key AS lockKey,
  d.lock_action AS lockAction, d.lock_host AS lockHost, d.alias, d.cell, h.value, h.create_revision AS createRevision
  FROM deletion d JOIN topo_history h USING (server, key, deleted_revision)
  WHERE d.keyspace = ? AND d.shard = ?`;

/** The last deletion of the shard's own record; null where history does not know it (any more). */
const shardDeletion = (snapshot: Snapshot, { keyspace, shard }: ShardRef): Deletion | null =>
  snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = 'shard' ORDER BY d.deleted_revision DESC LIMIT 1`,
    keyspace,
    shard,
  )[0] ?? null;

/** The last deletion of each of the shard's other records that history lists: Tablet by alias, ShardReplication by cell. */
const lastDeletions = (
  snapshot: Snapshot,
  { keyspace, shard }: ShardRef,
  kind: "tablet" | "shard_replication",
  by: "alias" | "cell",
): readonly Deletion[] => {
  const newestFirst = snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = ? ORDER BY d.${by}, d.deleted_revision DESC`,
    keyspace,
    shard,
    kind,
  );
  return newestFirst.filter((deletion, at) => newestFirst[at - 1]?.[by] !== deletion[by]);
};

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

export const droppedShard = (snapshot: Snapshot, shard: ShardRef): OrphanShard => {
  const processes = processesOfShard(snapshot, shard.keyspace, shard.shard);
  const ambiguous = claimedTwice(processes);
  const single = processes.filter(({ alias }) => !ambiguous.has(alias));
  return {
    keyspace: shard.keyspace,
    shard: shard.shard,
    processes,
    primaries: single.filter(isPrimary),
    groups: single.flatMap((process) => groupsOn(snapshot, process)),
    deletion: shardDeletion(snapshot, shard),
    tablets: lastDeletions(snapshot, shard, "tablet", "alias"),
    replication: lastDeletions(snapshot, shard, "shard_replication", "cell"),
  };
};

/** Streams that a call can reach: the engine of a tablet that is not PRIMARY is closed (docs/vitess.md#vreplicationexec). */
export const reachable = (group: StreamGroup): boolean => isPrimary(group.process);

/** Whether etcd's history still shows all that the operation deleted: it reaches back to before its lock was taken. */
export const historyCovers = (snapshot: Snapshot, { deletion }: OrphanShard): boolean => {
  if (deletion === null) return false;
  const [start] = snapshot.all<{ locked: number | null; horizon: number | null }>(
    `SELECT s.horizon, (SELECT mod_revision FROM topo_history_lock l
       WHERE l.server = s.server AND l.deleted_revision = ? AND l.key = ?) AS locked
     FROM topo_server s WHERE s.server = ?`,
    deletion.deletedRevision,
    deletion.lockKey,
    deletion.server,
  );
  return (start?.horizon ?? 0) <= (start?.locked ?? deletion.createRevision);
};
