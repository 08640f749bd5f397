import type {
  DeniedTableRow,
  KeyspaceRoutingRuleRow,
  RoutingRuleRow,
  ShardRoutingRuleRow,
  StreamRow,
  StreamRuleRow,
} from "../gen/tables.js";
import { groupBy } from "./order.js";
import { NEVER_SWITCHED, type Switching, type SwitchState } from "./switch-state.js";
import type { WorkflowStreams } from "./workflow.js";

export interface RoutingState {
  readonly denied_table: readonly DeniedTableRow[];
  readonly routing_rule: readonly RoutingRuleRow[];
  readonly shard_routing_rule: readonly ShardRoutingRuleRow[];
  readonly keyspace_routing_rule: readonly KeyspaceRoutingRuleRow[];
  readonly stream_rule: readonly StreamRuleRow[];
}

const MOVING = new Set(["MoveTables", "Migrate"]);

/**
 * The switch of a MoveTables shows in routing rules, or in shard or keyspace rules where it is partial or multi-tenant, and in
 * denied tables on the sources from the first moment of the cutover (docs/vitess.md#movetables-records;
 * docs/vitess.md#interrupted-movetables).
 */
export const tableSwitch = (state: RoutingState): SwitchState => {
  const rules = globalRules(state);
  const tablesOf = tablesOfStreams(state.stream_rule);
  const denied = new Set(
    state.denied_table
      .filter(({ tablet_type }) => tablet_type === "PRIMARY")
      .map((row) => `${row.keyspace}/${row.shard} ${row.table_name}`),
  );
  return (workflow) => {
    if (!MOVING.has(workflow.kind)) return NEVER_SWITCHED;
    const { keyspace, sourceKeyspace, sourceShards } = workflow;
    const byShard = rules.byShard(workflow);
    if (byShard !== null) return { writes: byShard ? "target" : "source", readsOnTarget: false };
    const byKeyspace = rules.byKeyspace(workflow);
    if (byKeyspace !== null) return byKeyspace;
    const tables = tablesOf(workflow.streams);
    const toTarget = (suffix: string) =>
      tables.filter((table) => rules.routes(table, suffix, sourceKeyspace, keyspace));
    const sourceDenies = sourceShards.some((shard) =>
      tables.some((table) => denied.has(`${sourceKeyspace}/${shard} ${table}`)),
    );
    const moved = toTarget("").length;
    const readsOnTarget = toTarget("@replica").length + toTarget("@rdonly").length > 0;
    if (tables.length > 0 && moved === tables.length) return { writes: "target", readsOnTarget };
    if (moved > 0 || sourceDenies) return { writes: "neither", readsOnTarget };
    return { writes: rules.exist(tables) ? "source" : "unknown", readsOnTarget };
  };
};

/** Target tables; a rule that is a pattern names none. */
const tablesOfStreams = (rules: readonly StreamRuleRow[]) => {
  const byStream = groupBy(rules, ({ address, id }) => `${address} ${id}`);
  return (streams: readonly StreamRow[]): readonly string[] => [
    ...new Set(
      streams
        .flatMap(({ address, id }) => byStream.get(`${address} ${id}`) ?? [])
        .filter(({ match, filter }) => !match.startsWith("/") && filter !== "exclude")
        .map(({ match }) => match),
    ),
  ];
};

/** The rules of record; the copies in each cell's SrvVSchema lag behind during a switch (docs/vitess.md#interrupted-movetables). */
const globalRules = (state: RoutingState) => {
  const inGlobal = ({ scope }: { readonly scope: string }): boolean => scope === "global";
  const tables = new Map(
    state.routing_rule.filter(inGlobal).map((rule) => [rule.from_table, rule.to_tables_json]),
  );
  const shards = new Map(
    state.shard_routing_rule
      .filter(inGlobal)
      .map(({ from_keyspace, shard, to_keyspace }) => [`${from_keyspace}/${shard}`, to_keyspace]),
  );
  const keyspaces = new Map(
    state.keyspace_routing_rule
      .filter(inGlobal)
      .map(({ from_keyspace, to_keyspace }) => [from_keyspace, to_keyspace]),
  );
  return {
    exist: (names: readonly string[]) => names.some((name) => tables.has(name)),
    /** The bare name and the source's name both lead to the target once switched; a foreign rule for one of them decides nothing. */
    routes: (table: string, suffix: string, source: string, target: string): boolean =>
      [`${source}.${table}${suffix}`, `${table}${suffix}`].some(
        (from) => tables.get(from) === JSON.stringify([`${target}.${table}`]),
      ),
    /** Null: the workflow is not partial. */
    byShard: ({ keyspace, sourceKeyspace, targetShards }: WorkflowStreams): boolean | null => {
      const switched = targetShards.filter((shard) => shards.get(`${sourceKeyspace}/${shard}`) === keyspace);
      const waiting = targetShards.filter((shard) => shards.get(`${keyspace}/${shard}`) === sourceKeyspace);
      return switched.length + waiting.length === 0 ? null : switched.length > 0;
    },
    /** Null: the workflow is not multi-tenant. */
    byKeyspace: ({ keyspace, sourceKeyspace }: WorkflowStreams): Switching | null => {
      const to = keyspaces.get(sourceKeyspace);
      if (to !== keyspace && to !== sourceKeyspace) return null;
      const reads = ["@replica", "@rdonly"].some(
        (suffix) => keyspaces.get(sourceKeyspace + suffix) === keyspace,
      );
      return { writes: to === keyspace ? "target" : "source", readsOnTarget: reads };
    },
  };
};
