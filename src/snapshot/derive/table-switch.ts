import type {
  DeniedTableRow,
  KeyspaceRoutingRuleRow,
  RoutingRuleRow,
  ShardRoutingRuleRow,
  ShardRow,
  StreamRow,
  StreamRuleRow,
} from "../gen/tables.js";
import { byText, groupBy } from "./order.js";
import { NEVER_SWITCHED, type Sign, type Switching, type SwitchState, sign } from "./switch-sign.js";
import { switchShowsIn } from "./workflow-kind.js";
import type { WorkflowStreams } from "./workflow-streams.js";

export interface RoutingState {
  readonly shard: readonly ShardRow[];
  readonly denied_table: readonly DeniedTableRow[];
  readonly routing_rule: readonly RoutingRuleRow[];
  readonly shard_routing_rule: readonly ShardRoutingRuleRow[];
  readonly keyspace_routing_rule: readonly KeyspaceRoutingRuleRow[];
  readonly stream_rule: readonly StreamRuleRow[];
}

const READ_TYPES = ["@replica", "@rdonly"];

/**
 * The switch of a MoveTables shows in routing rules, or in shard or keyspace rules where it is partial or multi-tenant, and in
 * denied tables on the sources from the first moment of the cutover (docs/vitess.md#movetables-records;
 * docs/vitess.md#interrupted-movetables). A Materialize is never switched; rules that lead to its tables only say that they are used.
 */
export const tableSwitch = (state: RoutingState): SwitchState => {
  const tablesOf = tablesOfStreams(state.stream_rule);
  const ruled = ruleSigns(state);
  const denied = denials(state);
  return (workflow) => {
    const shownIn = switchShowsIn(workflow.kind);
    if (shownIn !== "tables" && shownIn !== "use") return NEVER_SWITCHED;
    const moves = shownIn === "tables";
    const tables = tablesOf(workflow.streams);
    const signs = [...ruled(workflow, tables), ...(moves ? denied(workflow, tables) : [])];
    return moves ? { ...weighed(state, workflow, tables, signs), signs } : { ...NEVER_SWITCHED, signs };
  };
};

/** By the rules of record; the copies in each cell's SrvVSchema lag behind during a switch (docs/vitess.md#interrupted-movetables). */
const weighed = (
  state: RoutingState,
  workflow: WorkflowStreams,
  tables: readonly string[],
  signs: readonly Sign[],
): Omit<Switching, "signs"> => {
  const { keyspace, sourceKeyspace } = workflow;
  const inGlobal = signs.filter((one) => one.cell === "");
  if (isPartial(state, workflow)) {
    const moved = inGlobal.some(({ kind }) => kind === "shard-rule");
    return { writes: moved ? "target" : "source", readsOnTarget: false };
  }
  if (isMultiTenant(state, workflow)) {
    const moved = inGlobal.filter(({ kind }) => kind === "keyspace-rule");
    return {
      writes: moved.some(({ traffic }) => traffic === "writes") ? "target" : "source",
      readsOnTarget: moved.some(({ traffic }) => traffic === "reads"),
    };
  }
  const rules = new Map(
    inGlobal.filter(({ kind }) => kind === "rule").map(({ name, detail }) => [name, detail]),
  );
  // The bare name and the source's name both lead to the target once switched; a foreign rule for one of them decides nothing.
  const toTarget = (suffix: string) =>
    tables.filter((table) =>
      [`${sourceKeyspace}.${table}${suffix}`, `${table}${suffix}`].some(
        (from) => rules.get(from) === JSON.stringify([`${keyspace}.${table}`]),
      ),
    );
  const moved = toTarget("").length;
  const readsOnTarget = READ_TYPES.some((type) => toTarget(type).length > 0);
  if (tables.length > 0 && moved === tables.length) return { writes: "target", readsOnTarget };
  const begun = moved > 0 || signs.some(({ kind }) => kind === "source-denies");
  return { writes: begun ? "neither" : "source", readsOnTarget };
};

/** Target tables; a rule that is a pattern names none. */
export const tablesOfStreams = (rules: readonly StreamRuleRow[]) => {
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

/** Its shard rules say so, whichever way they lead. */
export const isPartial = (
  { shard_routing_rule }: RoutingState,
  {
    keyspace,
    sourceKeyspace,
    targetShards,
  }: Pick<WorkflowStreams, "keyspace" | "sourceKeyspace" | "targetShards">,
): boolean =>
  shard_routing_rule.some(
    ({ scope, from_keyspace, shard, to_keyspace }) =>
      scope === "global" &&
      targetShards.includes(shard) &&
      [`${sourceKeyspace} ${keyspace}`, `${keyspace} ${sourceKeyspace}`].includes(
        `${from_keyspace} ${to_keyspace}`,
      ),
  );

export const isMultiTenant = (
  { keyspace_routing_rule }: RoutingState,
  { keyspace, sourceKeyspace }: Pick<WorkflowStreams, "keyspace" | "sourceKeyspace">,
): boolean =>
  keyspace_routing_rule.some(
    ({ scope, from_keyspace, to_keyspace }) =>
      scope === "global" &&
      from_keyspace === sourceKeyspace &&
      (to_keyspace === keyspace || to_keyspace === sourceKeyspace),
  );

/** Rules that lead to the target, those of record before the cells' copies. */
const ruleSigns = (state: RoutingState) => {
  const globalFirst = byText(({ scope }: { readonly scope: string }) =>
    scope === "global" ? "0" : `1 ${scope}`,
  );
  const tables = state.routing_rule.toSorted(globalFirst);
  const shards = state.shard_routing_rule.toSorted(globalFirst);
  const keyspaces = state.keyspace_routing_rule.toSorted(globalFirst);
  return (
    { keyspace, sourceKeyspace, targetShards }: WorkflowStreams,
    moved: readonly string[],
  ): readonly Sign[] => {
    const names = new Set(
      moved.flatMap((table) =>
        [table, `${keyspace}.${table}`, `${sourceKeyspace}.${table}`].flatMap((name) =>
          ["", ...READ_TYPES].map((type) => name + type),
        ),
      ),
    );
    return [
      ...tables
        .filter(({ from_table }) => names.has(from_table))
        .filter(({ to_tables_json }) =>
          (JSON.parse(to_tables_json) as readonly string[]).some((to) => to.startsWith(`${keyspace}.`)),
        )
        .map((row) => ofRule("rule", row, row.from_table, row.to_tables_json)),
      ...shards
        .filter((row) => row.from_keyspace === sourceKeyspace && targetShards.includes(row.shard))
        .filter(({ to_keyspace }) => to_keyspace === keyspace && keyspace !== sourceKeyspace)
        .map((row) => ofRule("shard-rule", row, `${row.from_keyspace}.${row.shard}`, row.to_keyspace)),
      ...keyspaces
        .filter(({ from_keyspace }) =>
          ["", ...READ_TYPES].some((type) => from_keyspace === sourceKeyspace + type),
        )
        .filter(({ to_keyspace }) => to_keyspace === keyspace && keyspace !== sourceKeyspace)
        .map((row) => ofRule("keyspace-rule", row, row.from_keyspace, row.to_keyspace)),
    ];
  };
};

const ofRule = (
  kind: "rule" | "shard-rule" | "keyspace-rule",
  { scope, key, revision }: { readonly scope: string; readonly key: string; readonly revision: number },
  name: string,
  detail: string,
): Sign =>
  sign(kind, {
    traffic: READ_TYPES.some((type) => name.endsWith(type)) ? "reads" : "writes",
    cell: scope === "global" ? "" : scope,
    name,
    detail,
    key,
    revision,
  });

const denials = ({ denied_table, shard }: RoutingState) => {
  const denied = groupBy(
    denied_table.filter(({ tablet_type }) => tablet_type === "PRIMARY"),
    (row) => `${row.keyspace}/${row.shard}`,
  );
  const records = new Map(shard.map((row) => [`${row.keyspace}/${row.shard}`, row]));
  return ({ sourceKeyspace, sourceShards }: WorkflowStreams, tables: readonly string[]): readonly Sign[] =>
    sourceShards
      .map((name) => `${sourceKeyspace}/${name}`)
      .flatMap((name) =>
        (denied.get(name) ?? [])
          .filter(({ table_name }) => tables.includes(table_name))
          .map(({ table_name }) =>
            sign("source-denies", {
              shard: name,
              name: table_name,
              key: records.get(name)?.key ?? "",
              revision: records.get(name)?.revision ?? 0,
            }),
          ),
      );
};
