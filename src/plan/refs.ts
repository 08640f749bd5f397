import { filled, list, mapOf, optional, orNull, record, text, union, type ValueOf, whole } from "./fields.js";

/** A key of the topology: an etcd, by its address list, and the key in it. */
export const at = { server: filled, key: filled };

/**
 * A tablet as a step addresses it, with what was known of it when the plan was made; all of that is asked again right before each call
 * (docs/decisions.md#d15, `apply/identity.ts`). An alias proves little: a clone of the cluster has the same ones.
 */
export const tablet = record({
  alias: filled,
  keyspace: filled,
  shard: filled,
  type: filled,
  address: record({ host: filled, grpcPort: whole, httpPort: whole, mysqlHost: text, mysqlPort: whole }),
  /** Its Tablet record, where the address is that record's own: it is read again for each step. Absent: an inventory override, or no record. */
  record: optional(record(at)),
  /** `@@server_uuid` of its MySQL. */
  serverUuid: optional(filled),
  /** Unix seconds of its primary term. */
  termStart: optional(whole),
  /** The topology that its process was started with, as its command line has it. */
  topoServer: optional(filled),
  topoRoot: optional(filled),
});
export type TabletRef = ValueOf<typeof tablet>;

export const streamRow = record({
  id: whole,
  workflow: text,
  dbName: text,
  state: text,
  message: text,
  /** The whole row, column to text, for the before-image. */
  image: mapOf(orNull(text)),
});
export type StreamRow = ValueOf<typeof streamRow>;

/** A workflow's streams on one tablet. */
export const streamsOn = { tablet, workflow: text, dbName: text };
const streamSet = record({ ...streamsOn, ids: list(whole) });
export const streamSets = list(streamSet);
export type StreamSet = ValueOf<typeof streamSet>;

export const earlierState = record({ id: whole, state: text, message: text });
export type EarlierState = ValueOf<typeof earlierState>;

export const deferredKey = record({ table: filled, alter: filled });
export type DeferredKey = ValueOf<typeof deferredKey>;

/** A fact with the version that the plan rests on. */
export const read = union({
  /** `modRevision` 0: the key must not exist. */
  "topo-key": { ...at, modRevision: whole },
  /** `ids` of the rows, ascending. */
  "stream-rows": { ...streamsOn, ids: list(whole) },
});
export type Read = ValueOf<typeof read>;

/** Taken in this order: workflow (named lock), source keyspace, target keyspace, shard (docs/vitess.md#lock-order). */
export const lock = union({
  workflow: { keyspace: filled, workflow: filled },
  keyspace: { keyspace: filled },
  shard: { keyspace: filled, shard: filled },
});
export type LockScope = ValueOf<typeof lock>;

export const blocked = record({
  object: mapOf(text),
  finding: orNull(text),
  reason: text,
  /** What the operator can do. */
  instead: text,
});
export type Blocked = ValueOf<typeof blocked>;
