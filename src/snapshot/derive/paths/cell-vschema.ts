import type {
  KeyspaceRoutingRuleRow,
  RoutingRuleRow,
  ShardRoutingRuleRow,
  SrvVschemaRow,
  VschemaRow,
} from "../../gen/tables.js";
import { groupBy } from "../order.js";

/** What the vtgates of one cell plan with: its SrvVSchema, indexed by what they look up. */
export interface CellVSchema {
  readonly keyspaces: ReadonlyMap<string, KeyspaceVSchema>;
  /** Routing rules by what they route from, `@type` suffix and all. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** `keyspace.shard` -> keyspace. */
  readonly shardRules: ReadonlyMap<string, string>;
  /** `keyspace`, or `keyspace@type` -> keyspace. */
  readonly keyspaceRules: ReadonlyMap<string, string>;
}

export interface KeyspaceVSchema {
  readonly sharded: boolean;
  readonly requireExplicitRouting: boolean;
  readonly tables: ReadonlyMap<string, TableVSchema>;
}

/** What of a table's VSchema decides where its queries lead. Names of helpers may have a keyspace. */
export interface TableVSchema {
  /** The table that a reference table copies; null for other tables. */
  readonly source: string | null;
  /** The tables of its lookup vindexes. */
  readonly lookups: readonly string[];
  readonly sequence: string | null;
}

export interface VSchemaState {
  readonly srv_vschema: readonly SrvVschemaRow[];
  readonly vschema: readonly VschemaRow[];
  readonly routing_rule: readonly RoutingRuleRow[];
  readonly shard_routing_rule: readonly ShardRoutingRuleRow[];
  readonly keyspace_routing_rule: readonly KeyspaceRoutingRuleRow[];
}

/** Each cell's SrvVSchema; cells whose copies are the same share one value. */
export const cellVSchemas = (state: VSchemaState): ReadonlyMap<string, CellVSchema> => {
  const vschemas = groupBy(state.vschema, ({ scope }) => scope);
  const rules = groupBy(state.routing_rule, ({ scope }) => scope);
  const shardRules = groupBy(state.shard_routing_rule, ({ scope }) => scope);
  const keyspaceRules = groupBy(state.keyspace_routing_rule, ({ scope }) => scope);
  const known = new Map<string, CellVSchema>();
  return new Map(
    state.srv_vschema.map(({ cell }) => {
      const own = {
        keyspaces: (vschemas.get(cell) ?? []).map(
          ({ keyspace, body_json }) => [keyspace, body_json] as const,
        ),
        rules: (rules.get(cell) ?? []).map((row) => [row.from_table, row.to_tables_json] as const),
        shardRules: (shardRules.get(cell) ?? []).map(
          (row) => [`${row.from_keyspace}.${row.shard}`, row.to_keyspace] as const,
        ),
        keyspaceRules: (keyspaceRules.get(cell) ?? []).map(
          (row) => [row.from_keyspace, row.to_keyspace] as const,
        ),
      };
      const signature = JSON.stringify(own);
      const same = known.get(signature) ?? {
        keyspaces: new Map(own.keyspaces.map(([name, body]) => [name, keyspaceVSchema(body)])),
        rules: new Map(own.rules.map(([from, to]) => [from, JSON.parse(to) as readonly string[]])),
        shardRules: new Map(own.shardRules),
        keyspaceRules: new Map(own.keyspaceRules),
      };
      known.set(signature, same);
      return [cell, same];
    }),
  );
};

/** Protobuf's JSON of `vschema.Keyspace`, which leaves out what is empty. */
interface KeyspaceJson {
  readonly sharded?: boolean;
  readonly requireExplicitRouting?: boolean;
  readonly vindexes?: Readonly<Record<string, VindexJson>>;
  readonly tables?: Readonly<Record<string, TableJson>>;
}

interface VindexJson {
  readonly type?: string;
  readonly params?: Readonly<Record<string, string>>;
}

interface TableJson {
  readonly type?: string;
  readonly source?: string;
  readonly columnVindexes?: readonly { readonly name?: string }[];
  readonly autoIncrement?: { readonly sequence?: string };
}

const keyspaceVSchema = (body: string): KeyspaceVSchema => {
  const {
    sharded = false,
    requireExplicitRouting = false,
    vindexes = {},
    tables = {},
  } = JSON.parse(body) as KeyspaceJson;
  return {
    sharded,
    requireExplicitRouting,
    tables: new Map(
      Object.entries(tables).map(([name, table]) => [
        name,
        {
          source: table.type === "reference" && table.source ? table.source : null,
          lookups: (table.columnVindexes ?? []).flatMap(({ name: vindex }) =>
            lookupTable(vindexes[vindex ?? ""]),
          ),
          sequence: table.autoIncrement?.sequence || null,
        },
      ]),
    ),
  };
};

/** Every vindex type that looks its rows up in a table is named so (vtgate/vindexes/lookup*.go, consistent_lookup.go). */
const lookupTable = (vindex: VindexJson | undefined): readonly string[] =>
  /^(consistent_)?lookup/.test(vindex?.type ?? "") && vindex?.params?.table ? [vindex.params.table] : [];
