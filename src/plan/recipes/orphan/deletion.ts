import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { ShardRef } from "../../view/shards.js";

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
export const shardDeletion = (snapshot: Snapshot, { keyspace, shard }: ShardRef): Deletion | null =>
  snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = 'shard' ORDER BY d.deleted_revision DESC LIMIT 1`,
    keyspace,
    shard,
  )[0] ?? null;

/** The last deletion of every Tablet record of the shard that history lists, by alias. */
export const tabletDeletions = (snapshot: Snapshot, { keyspace, shard }: ShardRef): readonly Deletion[] => {
  const newestFirst = snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = 'tablet' ORDER BY d.alias, d.deleted_revision DESC`,
    keyspace,
    shard,
  );
  return newestFirst.filter((deletion, at) => newestFirst[at - 1]?.alias !== deletion.alias);
};

/** The last deletion of the shard's ShardReplication record, one per cell. */
export const replicationDeletions = (
  snapshot: Snapshot,
  { keyspace, shard }: ShardRef,
): readonly Deletion[] => {
  const newestFirst = snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = 'shard_replication' ORDER BY d.cell, d.deleted_revision DESC`,
    keyspace,
    shard,
  );
  return newestFirst.filter((deletion, at) => newestFirst[at - 1]?.cell !== deletion.cell);
};
