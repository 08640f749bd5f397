import { moveShape } from "../../cluster/move-shape.js";
import type { Facts } from "../facts.js";
import type {
  MovedTableRow,
  SrvPartitionRow,
  StreamRow,
  SwitchSignRow,
  WorkflowRow,
  WorkflowTrafficRow,
} from "../gen/tables.js";
import { groupBy } from "./order.js";
import { isMultiTenant, isPartial, type RoutingState, tablesOfStreams } from "./table-switch.js";
import { switchShowsIn } from "./workflow-kind.js";

interface TrafficInputs extends RoutingState {
  readonly srv_partition: readonly SrvPartitionRow[];
  readonly stream: readonly StreamRow[];
  readonly workflow: readonly WorkflowRow[];
  readonly switch_sign: readonly SwitchSignRow[];
}

type Shape = "shards" | "tables" | "unrouted" | "partial" | "multi-tenant" | "external" | "reverse" | "none";
type Side = "source" | "target" | "";

const TYPES = ["PRIMARY", "REPLICA", "RDONLY"] as const;
type TabletType = (typeof TYPES)[number];
const SUFFIX: Readonly<Record<TabletType, string>> = { PRIMARY: "", REPLICA: "@replica", RDONLY: "@rdonly" };

/**
 * Which records tell where the traffic of each workflow goes, to which side each tablet type has to lead by them, and what tables move
 * (docs/vitess.md#movetables-records, docs/vitess.md#workflow-phases). What the records have to say is the views `expected_*` of
 * `schema.sql`, which rest on this.
 */
export const deriveWorkflowTraffic = (facts: Facts, inputs: TrafficInputs) => {
  const streams = groupBy(inputs.stream, nameOf);
  const signs = groupBy(inputs.switch_sign, nameOf);
  const tablesOf = tablesOfStreams(inputs.stream_rule);
  const shapeOf = shapes(facts, inputs);
  const leadsByShards = sidesOfShards(inputs);
  const leadsByRules = sidesOfTables(inputs);
  const found = inputs.workflow.map((workflow) => {
    const own = streams.get(nameOf(workflow)) ?? [];
    const tables = tablesOf(own);
    const shape = shapeOf(workflow, own, tables);
    const sideOf = (type: TabletType): Side => {
      if (shape === "none" || shape === "reverse") return "";
      if (type === "PRIMARY") {
        if (isBetween(workflow, signs.get(nameOf(workflow)) ?? [])) return "";
        if (shape !== "tables" || own.every(({ frozen }) => frozen === 1)) return writesBy(workflow);
      }
      if (shape === "shards") return leadsByShards(workflow, type);
      return shape === "tables" ? leadsByRules(workflow, tables, SUFFIX[type]) : "";
    };
    return { workflow, tables, shape, sideOf };
  });
  return {
    workflow_traffic: found.map(
      ({ workflow: { keyspace, workflow, source_keyspace }, shape, sideOf }): WorkflowTrafficRow => ({
        keyspace,
        workflow,
        source_keyspace,
        shape,
        writes: sideOf("PRIMARY"),
        replica: sideOf("REPLICA"),
        rdonly: sideOf("RDONLY"),
      }),
    ),
    moved_table: found.flatMap(({ workflow: { keyspace, workflow, source_keyspace }, tables }) =>
      tables
        .toSorted()
        .map((table_name): MovedTableRow => ({ keyspace, workflow, table_name, source_keyspace })),
    ),
  };
};

const nameOf = ({ keyspace, workflow }: { readonly keyspace: string; readonly workflow: string }): string =>
  JSON.stringify([keyspace, workflow]);

/** Some records were changed for a switch of writes and others not yet: none of them can be held to one side. */
const isBetween = ({ phase, migration }: WorkflowRow, signs: readonly SwitchSignRow[]): boolean =>
  phase === "orphaned" ||
  phase === "cutover-journaled" ||
  (phase === "cutover" &&
    (migration === "shards" ||
      signs.some(({ kind }) => kind === "cutover-stop" || kind === "source-denies")));

const writesBy = ({ phase }: WorkflowRow): Side =>
  phase === "switched" || phase === "frozen-only" ? "target" : "source";

const shapes = (facts: Facts, inputs: TrafficInputs) => {
  const rows = groupBy(facts.vreplication, ({ address, id }) => `${address} ${id}`);
  const ruled = new Set(
    inputs.routing_rule.flatMap(({ scope, from_table }) => (scope === "global" ? [from_table] : [])),
  );
  return (workflow: WorkflowRow, streams: readonly StreamRow[], tables: readonly string[]): Shape => {
    const { keyspace, source_keyspace: sourceKeyspace, kind } = workflow;
    if (workflow.is_reverse === 1) return "reverse";
    if (workflow.migration === "shards" && kind !== "OnlineDDL" && kind !== "Materialize") return "shards";
    if (kind === "Migrate") return "external";
    if (switchShowsIn(kind) !== "tables") return "none";
    const told = new Set(
      streams.flatMap(({ address, id }) => rows.get(`${address} ${id}`)?.map(moveShape) ?? []),
    );
    const names = {
      keyspace,
      sourceKeyspace,
      targetShards: JSON.parse(workflow.target_shards_json) as readonly string[],
    };
    if (told.has("partial") || isPartial(inputs, names)) return "partial";
    if (told.has("multi-tenant") || isMultiTenant(inputs, names)) return "multi-tenant";
    const qualified = tables.flatMap((table) =>
      TYPES.flatMap((type) => [
        `${sourceKeyspace}.${table}${SUFFIX[type]}`,
        `${keyspace}.${table}${SUFFIX[type]}`,
      ]),
    );
    return qualified.some((name) => ruled.has(name)) ? "tables" : "unrouted";
  };
};

/** Where every cell that serves the type of the keyspace lists shards of one side only. */
const sidesOfShards = ({ srv_partition }: TrafficInputs) => {
  const partitions = groupBy(srv_partition, ({ keyspace, tablet_type }) => `${keyspace} ${tablet_type}`);
  return (workflow: WorkflowRow, type: TabletType): Side => {
    const listed = new Set(partitions.get(`${workflow.keyspace} ${type}`)?.map(({ shard }) => shard));
    const lists = (shards: string) =>
      (JSON.parse(shards) as readonly string[]).some((one) => listed.has(one));
    return oneSide(lists(workflow.source_shards_json), lists(workflow.target_shards_json));
  };
};

/** Where most rules of the workflow's tables lead, of those that lead to one of its two keyspaces; as many to both: where they did before. */
const sidesOfTables = ({ routing_rule }: TrafficInputs) => {
  const rules = new Map(
    routing_rule
      .filter(({ scope }) => scope === "global")
      .map(({ from_table, to_tables_json }) => [from_table, to_tables_json]),
  );
  return (workflow: WorkflowRow, tables: readonly string[], suffix: string): Side => {
    const { keyspace, source_keyspace } = workflow;
    const leading = (to: string): number =>
      tables.flatMap((table) =>
        [table, `${source_keyspace}.${table}`, `${keyspace}.${table}`].filter(
          (from) => rules.get(from + suffix) === JSON.stringify([`${to}.${table}`]),
        ),
      ).length;
    const [source, target] = [leading(source_keyspace), leading(keyspace)];
    return source + target === 0 ? "" : source >= target ? "source" : "target";
  };
};

const oneSide = (source: boolean, target: boolean): Side =>
  source === target ? "" : source ? "source" : "target";
