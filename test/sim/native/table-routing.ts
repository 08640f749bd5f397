import { create } from "@bufbuild/protobuf";
import { RoutingRuleSchema, RoutingRulesSchema, TableSchema } from "../../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../../src/sim/cluster.js";
import type { Workflow } from "../../../src/sim/native/workflow.js";

/** A table's names in routing rules: bare, by target, by source. */
export const READS = ["@replica", "@rdonly"];

/** `from` to the one table that it leads to. */
export type Rules = ReadonlyMap<string, string>;

export const rulesNow = (cluster: SimCluster): Rules =>
  new Map(
    (cluster.topology.routingRules().get()?.rules ?? []).map(({ fromTable, toTables }) => [
      fromTable,
      toTables[0] ?? "",
    ]),
  );

/** Without a rule the key is deleted, not emptied (docs/vitess.md#movetables-records). */
export function* putRules(cluster: SimCluster, rules: Rules): Generator<string, void> {
  const at = cluster.topology.routingRules();
  if (rules.size === 0) {
    if (at.delete()) yield "delete RoutingRules";
    return;
  }
  const records = [...rules].map(([fromTable, to]) =>
    create(RoutingRuleSchema, { fromTable, toTables: [to] }),
  );
  at.put(create(RoutingRulesSchema, { rules: records }));
  yield "put RoutingRules";
}

export const withoutTables = (
  rules: Rules,
  { keyspace, sourceKeyspace }: Pick<Workflow, "keyspace" | "sourceKeyspace">,
  tables: readonly string[],
): Rules => {
  const owners = tables.flatMap((table) => [table, `${keyspace}.${table}`, `${sourceKeyspace}.${table}`]);
  return new Map([...rules].filter(([from]) => !owners.includes(from.replace(/@.*/, ""))));
};

/** Tables of a new MoveTables in the VSchema of a target that is not sharded. */
export function* addToVSchema(
  cluster: SimCluster,
  keyspace: string,
  tables: readonly string[],
): Generator<string, void> {
  const at = cluster.topology.vschema(keyspace);
  const record = at.get();
  if (record === null || record.sharded) return;
  const added = Object.fromEntries(tables.map((table) => [table, create(TableSchema)]));
  at.put({ ...record, tables: { ...record.tables, ...added } });
  yield `put VSchema of ${keyspace}`;
}

export function* removeFromVSchema(
  cluster: SimCluster,
  keyspace: string,
  tables: readonly string[],
): Generator<string, void> {
  const at = cluster.topology.vschema(keyspace);
  const record = at.get();
  if (record === null) return;
  const left = Object.entries(record.tables).filter(([name]) => !tables.includes(name));
  at.put({ ...record, tables: Object.fromEntries(left) });
  yield `put VSchema of ${keyspace}`;
}
