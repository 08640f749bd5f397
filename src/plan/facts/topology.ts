import { gaps, type KeyRange, overlaps } from "../../cluster/key-range.js";
import type { SrvKeyspace } from "../../proto/gen/topodata_pb.js";
import type { KeyspaceRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey, shardKey, srvKeyspaceKey } from "../../topology/paths.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import type { LockScope, Premise } from "../fields.js";

export interface KeyFact {
  readonly server: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
  readonly createRevision: number;
}

export const keyFact = (snapshot: Snapshot, server: string, key: string): KeyFact | null => {
  const [row] = snapshot.rows("topo_key", { server, key });
  return row === undefined
    ? null
    : { server, key, value: row.value, modRevision: row.mod_revision, createRevision: row.create_revision };
};

export interface TopoRoot {
  readonly server: string;
  readonly root: string;
}

/** Where the records of keyspaces, shards and rules live. */
export const globalRoot = (snapshot: Snapshot): TopoRoot => {
  const [global] = snapshot.rows("topo_root", { name: "global" });
  if (global === undefined) throw new Error("a snapshot without a global root");
  return global;
};

/** The version of a key that a plan rests on; 0 where it must not exist. */
export const keyPremise = (snapshot: Snapshot, server: string, key: string): Premise => ({
  kind: "topo-key",
  server,
  key,
  modRevision: keyFact(snapshot, server, key)?.modRevision ?? 0,
});

/** Also where there are none: a rule that somebody writes leads queries elsewhere. */
export const routingRulesPremise = (snapshot: Snapshot): Premise => {
  const { server, root } = globalRoot(snapshot);
  return keyPremise(snapshot, server, routingRulesKey(root));
};

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

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

export const shardPremises = (snapshot: Snapshot, keyspace: string): readonly Premise[] =>
  shardRecords(snapshot, keyspace).map(({ server, key }) => keyPremise(snapshot, server, key));

/** The shard has no record: where one was written since, nothing of the plan holds. */
export const absentPremise = (snapshot: Snapshot, { keyspace, shard }: ShardRef): Premise => {
  const { server, root } = globalRoot(snapshot);
  return keyPremise(snapshot, server, shardKey(root, keyspace, shard));
};

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

/** How one cell routes a keyspace. */
export interface CellGraph {
  readonly cell: string;
  /** 0: the cell did not answer, so that it has no record proves nothing. */
  readonly answered: number;
  readonly server: string;
  readonly key: string;
  /** 0: there is no record. */
  readonly modRevision: number;
  /** Base64; null: there is no record. */
  readonly bytes: string | null;
  /** `unreadable`: bytes that are no SrvKeyspace. */
  readonly record: SrvKeyspace | "absent" | "unreadable";
}

/** Of every cell, in the order of their names. */
export const cellGraphs = (snapshot: Snapshot, keyspace: string): readonly CellGraph[] =>
  cells(snapshot).map(({ cell, answered, server, root }) => {
    const key = srvKeyspaceKey(root, keyspace);
    const fact = keyFact(snapshot, server, key);
    const decoded = fact === null ? null : decodeSrvKeyspace(fact.value);
    return {
      cell,
      answered,
      server,
      key,
      modRevision: fact?.modRevision ?? 0,
      bytes: fact === null ? null : base64(fact.value),
      record: decoded === null ? "absent" : decoded.kind === "answered" ? decoded.value : "unreadable",
    };
  });

/** Where queries of a keyspace go, cell by cell; that a cell has no record is a fact too. */
export const servingPremises = (snapshot: Snapshot, keyspace: string): readonly Premise[] =>
  cells(snapshot).map(({ server, root }) => keyPremise(snapshot, server, srvKeyspaceKey(root, keyspace)));
