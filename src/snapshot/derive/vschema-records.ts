import { toJson } from "@bufbuild/protobuf";
import { type Keyspace, KeyspaceSchema, type SrvVSchema } from "../../proto/gen/vschema_pb.js";
import {
  decodeKeyspaceRoutingRules,
  decodeMirrorRules,
  decodeRoutingRules,
  decodeShardRoutingRules,
  decodeSrvVSchema,
  decodeVSchema,
} from "../../topology/records.js";
import type {
  KeyspaceRoutingRuleRow,
  MirrorRuleRow,
  RoutingRuleRow,
  ShardRoutingRuleRow,
  SrvVschemaRow,
  TopoKeyRow,
  VschemaRow,
  VschemaTableRow,
} from "../gen/tables.js";
import type { Decoding } from "./decoding.js";
import type { KeyIndex } from "./located-key.js";
import { groupBy, stableJson, uniqueBy } from "./order.js";

export interface VSchemaRecords {
  readonly srv_vschema: readonly SrvVschemaRow[];
  readonly vschema: readonly VschemaRow[];
  readonly vschema_table: readonly VschemaTableRow[];
  readonly routing_rule: readonly RoutingRuleRow[];
  readonly shard_routing_rule: readonly ShardRoutingRuleRow[];
  readonly keyspace_routing_rule: readonly KeyspaceRoutingRuleRow[];
  readonly mirror_rule: readonly MirrorRuleRow[];
}

/** What one record holds: the global records hold a part each, a SrvVSchema all of it. */
interface Part {
  /** `global`, or the cell whose SrvVSchema it is. */
  readonly scope: string;
  readonly at: TopoKeyRow;
  readonly content: Partial<Omit<SrvVSchema, "$typeName">>;
}

export const VSCHEMA_KINDS = [
  ...(["srv-vschema", "vschema", "routing-rules", "shard-routing-rules"] as const),
  ...(["keyspace-routing-rules", "mirror-rules"] as const),
] as const;

type VSchemaKeys = KeyIndex<(typeof VSCHEMA_KINDS)[number]>;

/**
 * VSchemas and rules of the global topology, and each cell's copy (docs/vitess.md#srvvschema). Rules are maps by what they route
 * from. Of table rules that name one twice all targets are kept, which vtgate refuses (docs/vitess.md#query-routing); of shard
 * and keyspace rules the last counts.
 */
export const deriveVSchemas = (keys: VSchemaKeys, decoding: Decoding): VSchemaRecords => {
  const copies = decoding.all(keys.of("srv-vschema"), decodeSrvVSchema);
  const parts: readonly Part[] = [
    ...globalParts(keys, decoding),
    ...copies.map(({ root, at, record }) => ({ scope: root, at, content: record })),
  ];
  const vschemas = parts.flatMap((part) =>
    Object.entries(part.content.keyspaces ?? {}).map(([keyspace, body]) => ({ ...part, keyspace, body })),
  );
  return {
    srv_vschema: copies.map(({ root, at }) => ({
      cell: root,
      server: at.server,
      key: at.key,
      revision: at.mod_revision,
    })),
    vschema: vschemas.map(({ scope, keyspace, body, at }) => ({
      scope,
      keyspace,
      sharded: Number(body.sharded),
      body_json: stableJson(toJson(KeyspaceSchema, body)),
      ...source(at),
    })),
    vschema_table: vschemas.flatMap(({ scope, keyspace, body }) => tables(scope, keyspace, body)),
    ...rules(parts),
  };
};

const globalParts = (keys: VSchemaKeys, decoding: Decoding): readonly Part[] => {
  const part = (at: TopoKeyRow, content: Part["content"]): Part => ({ scope: "global", at, content });
  return [
    ...decoding
      .all(keys.of("vschema"), decodeVSchema)
      .map(({ is, at, record }) => part(at, { keyspaces: { [is.keyspace]: record } })),
    ...decoding
      .all(keys.of("routing-rules"), decodeRoutingRules)
      .map(({ at, record }) => part(at, { routingRules: record })),
    ...decoding
      .all(keys.of("shard-routing-rules"), decodeShardRoutingRules)
      .map(({ at, record }) => part(at, { shardRoutingRules: record })),
    ...decoding
      .all(keys.of("keyspace-routing-rules"), decodeKeyspaceRoutingRules)
      .map(({ at, record }) => part(at, { keyspaceRoutingRules: record })),
    ...decoding
      .all(keys.of("mirror-rules"), decodeMirrorRules)
      .map(({ at, record }) => part(at, { mirrorRules: record })),
  ];
};

const tables = (scope: string, keyspace: string, body: Keyspace): readonly VschemaTableRow[] =>
  Object.entries(body.tables).map(([table_name, { type }]) => ({
    scope,
    keyspace,
    table_name,
    table_type: type,
  }));

const rules = (parts: readonly Part[]) => ({
  routing_rule: parts.flatMap(({ scope, at, content }) =>
    [...groupBy(content.routingRules?.rules ?? [], ({ fromTable }) => fromTable)].map(
      ([from_table, same]) => ({
        scope,
        from_table,
        to_tables_json: JSON.stringify(same.flatMap(({ toTables }) => toTables)),
        ...source(at),
      }),
    ),
  ),
  shard_routing_rule: uniqueBy(
    parts.flatMap(({ scope, at, content }) =>
      (content.shardRoutingRules?.rules ?? []).toReversed().map(({ fromKeyspace, shard, toKeyspace }) => ({
        scope,
        from_keyspace: fromKeyspace,
        shard,
        to_keyspace: toKeyspace,
        ...source(at),
      })),
    ),
    ({ scope, from_keyspace, shard }) => `${scope} ${from_keyspace} ${shard}`,
  ),
  keyspace_routing_rule: uniqueBy(
    parts.flatMap(({ scope, at, content }) =>
      (content.keyspaceRoutingRules?.rules ?? []).toReversed().map(({ fromKeyspace, toKeyspace }) => ({
        scope,
        from_keyspace: fromKeyspace,
        to_keyspace: toKeyspace,
        ...source(at),
      })),
    ),
    ({ scope, from_keyspace }) => `${scope} ${from_keyspace}`,
  ),
  mirror_rule: uniqueBy(
    parts.flatMap(({ scope, at, content }) =>
      (content.mirrorRules?.rules ?? []).map(({ fromTable, toTable, percent }) => ({
        scope,
        from_table: fromTable,
        to_table: toTable,
        percent,
        ...source(at),
      })),
    ),
    ({ scope, from_table }) => `${scope} ${from_table}`,
  ),
});

const source = (at: TopoKeyRow) => ({ key: at.key, revision: at.mod_revision });
