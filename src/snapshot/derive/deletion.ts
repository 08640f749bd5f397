import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { formatAlias } from "../../cluster/alias.js";
import type { Outcome } from "../../cluster/outcome.js";
import {
  KeyspaceSchema,
  ShardReplicationSchema,
  ShardSchema,
  SrvKeyspaceSchema,
  type Tablet,
  TabletSchema,
} from "../../proto/gen/topodata_pb.js";
import { KeyspaceSchema as VSchemaSchema } from "../../proto/gen/vschema_pb.js";
import type { TopoKey } from "../../topology/paths.js";
import {
  decodeKeyspace,
  decodeShard,
  decodeShardReplication,
  decodeSrvKeyspace,
  decodeTablet,
  decodeVSchema,
} from "../../topology/records.js";
import type { Facts } from "../facts.js";
import type { DeletionRow, TopoHistoryRow } from "../gen/tables.js";
import { databaseOf } from "./cell-records.js";
import {
  type CoveringLock,
  coveringLocks,
  type OperationName,
  type Vanished,
  type WorkflowShards,
} from "./deletion-lock.js";
import { locate, rootsByServer } from "./located-key.js";
import { stableJson } from "./order.js";

/**
 * What vanished and by whose hand: the locks that were alive at the deletion name the operation (docs/vitess.md#deletion-intent,
 * docs/decisions.md#d8). A key on a cell's own etcd has no locks beside it, so it goes with the deletion of its shard.
 */
export const deriveDeletions = (facts: Facts, shards: WorkflowShards): readonly DeletionRow[] => {
  const rootsOf = rootsByServer(facts);
  const lockOf = coveringLocks(facts, shards);
  const direct = facts.topo_history.flatMap((row) =>
    vanishedRecord(rootsOf(row.server), row).map((record) => ({
      record,
      lock: lockOf(record),
      locksKnown: row.locks_known === 1,
    })),
  );
  const globals = new Set(facts.topo_root.flatMap(({ name, server }) => (name === "global" ? server : [])));
  const byShard = new Map(
    direct
      .filter(({ record }) => record.kind === "shard")
      .map((found) => [shardOf(found.record), found.lock]),
  );
  return direct.map(({ record, lock, locksKnown }) => {
    const ofShard = globals.has(record.server) ? null : (byShard.get(shardOf(record)) ?? null);
    return deletionRow(record, lock ?? ofShard ?? (locksKnown ? "none" : "unknown"), shards);
  });
};

const shardOf = ({ keyspace, shard }: Vanished): string => `${keyspace}/${shard}`;

const deletionRow = (
  record: Vanished,
  hand: CoveringLock | "none" | "unknown",
  shards: WorkflowShards,
): DeletionRow => {
  const lock = typeof hand === "string" ? null : hand;
  const operation: OperationName = typeof hand === "string" ? hand : hand.operation;
  return {
    ...record,
    operation,
    lock_key: lock?.key ?? null,
    lock_action: lock?.action ?? null,
    lock_host: lock?.hostName ?? null,
    lock_user: lock?.userName ?? null,
    lock_taken_at: lock?.takenAt ?? null,
    workflow: lock?.workflow || (record.shard === "" ? "" : shards.into(record.keyspace, record.shard)),
  };
};

const vanishedRecord = (
  roots: ReturnType<ReturnType<typeof rootsByServer>>,
  row: TopoHistoryRow,
): readonly Vanished[] => {
  for (const { root, is } of locate(roots, row.key)) {
    const about = subject(root, is, row.value);
    if (about !== null) {
      const { server, key, deleted_revision, recreated } = row;
      return [{ server, key, deleted_revision, recreated, ...NOWHERE, ...about }];
    }
  }
  return [];
};

const NOWHERE = { keyspace: "", shard: "", cell: "", alias: "" };

type Subject = Pick<Vanished, "kind" | "detail_json"> & Partial<typeof NOWHERE>;

const subject = (root: string, is: TopoKey, value: Uint8Array): Subject | null => {
  switch (is.kind) {
    case "keyspace":
      return { kind: "keyspace", keyspace: is.keyspace, ...detail(KeyspaceSchema, decodeKeyspace(value)) };
    case "vschema":
      return { kind: "vschema", keyspace: is.keyspace, ...detail(VSchemaSchema, decodeVSchema(value)) };
    case "shard":
      return {
        kind: "shard",
        keyspace: is.keyspace,
        shard: is.shard,
        ...detail(ShardSchema, decodeShard(value)),
      };
    case "shard-replication":
      return {
        kind: "shard_replication",
        cell: root,
        keyspace: is.keyspace,
        shard: is.shard,
        ...detail(ShardReplicationSchema, decodeShardReplication(value)),
      };
    case "srv-keyspace":
      return {
        kind: "srv_keyspace",
        cell: root,
        keyspace: is.keyspace,
        ...detail(SrvKeyspaceSchema, decodeSrvKeyspace(value)),
      };
    case "tablet":
      return tabletSubject(root, formatAlias(is.alias), decodeTablet(value));
    default:
      return null;
  }
};

const tabletSubject = (root: string, alias: string, record: Outcome<Tablet>): Subject => {
  const { keyspace, shard } = record.kind === "answered" ? record.value : NOWHERE;
  return { kind: "tablet", cell: root, alias, keyspace, shard, ...detail(TabletSchema, record) };
};

/** Bytes that nobody can decode say nothing: an empty object. */
const detail = <Desc extends DescMessage>(
  schema: Desc,
  record: Outcome<MessageShape<Desc>>,
): { readonly detail_json: string } => ({
  detail_json: record.kind === "answered" ? stableJson(toJson(schema, record.value)) : "{}",
});

/** Where a tablet that has no record any more kept its data, by alias; the last record counts. */
export const deletedDatabases = (facts: Facts): ReadonlyMap<string, string> => {
  const rootsOf = rootsByServer(facts);
  const databases = new Map<string, string>();
  for (const row of facts.topo_history.toSorted(
    (one, other) => one.deleted_revision - other.deleted_revision,
  )) {
    for (const { is } of locate(rootsOf(row.server), row.key)) {
      const record = is.kind === "tablet" ? decodeTablet(row.value) : null;
      if (is.kind !== "tablet" || record?.kind !== "answered") continue;
      databases.set(formatAlias(is.alias), databaseOf(record.value));
    }
  }
  return databases;
};
