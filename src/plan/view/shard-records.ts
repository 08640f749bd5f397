import { gaps, type KeyRange, overlaps } from "../../cluster/key-range.js";
import type { KeyspaceRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { LockScope } from "../refs.js";

export interface ShardRef {
  readonly keyspace: string;
  readonly shard: string;
}

export const shardName = (shard: ShardRef): string => `${shard.keyspace}/${shard.shard}`;

export const shardNames = (shards: readonly ShardRef[]): string => shards.map(shardName).join(", ");

export const orderShards = (a: ShardRef, b: ShardRef): number =>
  a.keyspace < b.keyspace || (a.keyspace === b.keyspace && a.shard < b.shard) ? -1 : 1;

export interface ShardRecord extends ShardRef, KeyRange {
  readonly serving: number;
  readonly primaryAlias: string | null;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
}

export const shardRecords = (snapshot: Snapshot, keyspace: string): readonly ShardRecord[] =>
  snapshot.rows("shard", { keyspace }).map((row) => ({
    keyspace,
    shard: row.shard,
    start: row.range_start,
    end: row.range_end,
    serving: row.is_primary_serving,
    primaryAlias: row.primary_alias,
    server: row.server,
    key: row.key,
    revision: row.revision,
    createRevision: row.create_revision,
  }));

export const keyspaceRecord = (snapshot: Snapshot, keyspace: string): KeyspaceRow | null =>
  snapshot.rows("keyspace", { keyspace })[0] ?? null;

/** A keyspace without a record can not be locked, by Vitess neither. */
export const keyspaceLocks = (snapshot: Snapshot, keyspaces: readonly string[]): readonly LockScope[] =>
  keyspaces
    .filter((keyspace) => keyspaceRecord(snapshot, keyspace) !== null)
    .map((keyspace) => ({ kind: "keyspace", keyspace }));

export interface CellRecord {
  readonly cell: string;
  readonly server: string;
  readonly root: string;
  readonly answered: number;
}

/** Server and root are those that the cell's keys were read from. */
export const cells = (snapshot: Snapshot): readonly CellRecord[] =>
  snapshot.all<CellRecord>(
    `SELECT c.cell, coalesce(r.server, c.server) AS server, coalesce(r.root, c.root) AS root, c.answered
     FROM cell c LEFT JOIN topo_root r ON r.name = c.cell ORDER BY c.cell`,
  );

/** Whether every keyspace id of `range` lies in one of the others. */
export const covers = (ranges: readonly KeyRange[], range: KeyRange): boolean =>
  gaps(ranges).every((gap) => !overlaps(gap, range));
