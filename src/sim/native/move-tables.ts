import { create } from "@bufbuild/protobuf";
import {
  type Shard_TabletControl,
  Shard_TabletControlSchema,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import { RoutingRuleSchema, RoutingRulesSchema, TableSchema } from "../../proto/gen/vschema_pb.js";
import type { SimCluster } from "../cluster.js";
import { mysqlJson } from "../mysql-data.js";
import { MOVE_TABLES } from "../stream-row.js";
import type { SimTablet } from "../tablet.js";
import { underLock } from "./lock.js";
import { done, type Native, refuse } from "./operation.js";
import { deleteRemainingStreams, dropReverseStreams } from "./reshard-cancel.js";
import { copySchema } from "./reshard-create.js";
import { rebuildSrvVSchema } from "./serving-graph.js";
import { insertStream, loadWorkflow, primaryOf, updateStreams } from "./workflow.js";

export interface MoveTablesCreate {
  /** Of the target, which is not sharded. */
  readonly keyspace: string;
  readonly workflow: string;
  readonly sourceKeyspace: string;
  readonly tables: readonly string[];
  readonly cell: string;
}

const TYPES = ["", "@replica", "@rdonly"];

/** `MoveTables create` of v21 to v24 into an unsharded keyspace (verified.md 5): rules and denied tables point to the source. */
export function* moveTablesCreate(cluster: SimCluster, options: MoveTablesCreate): Native {
  const { keyspace, workflow, sourceKeyspace, tables, cell } = options;
  const { topology, version } = cluster;
  const [shard] = topology.shards(keyspace);
  const target =
    shard === undefined ? `keyspace ${keyspace} has no shard` : primaryOf(cluster, keyspace, shard);
  if (shard === undefined || typeof target === "string") return refuse(String(target));
  const action = "MoveTablesCreate";
  const named = { target: { kind: "workflow", keyspace, workflow }, action, version } as const;
  return yield* underLock(cluster, named, () =>
    underLock(cluster, { target: { kind: "keyspace", keyspace }, action, version }, function* (): Native {
      yield* addToVSchema(cluster, keyspace, tables);
      yield* createStreams(cluster, target, options, cell);
      yield* putRules(cluster, [
        ...(topology.routingRules().get()?.rules ?? []),
        ...tables.flatMap((table) =>
          [table, `${keyspace}.${table}`, `${sourceKeyspace}.${table}`].flatMap((from) =>
            TYPES.map((type) =>
              create(RoutingRuleSchema, {
                fromTable: `${from}${type}`,
                toTables: [`${sourceKeyspace}.${table}`],
              }),
            ),
          ),
        ),
      ]);
      yield* denyTables(cluster, keyspace, [shard], tables);
      yield* rebuildSrvVSchema(cluster, version);
      updateStreams(target, workflow, "state='Running'");
      yield `start streams of ${workflow} on ${keyspace}/${shard}`;
      return done;
    }),
  );
}

function* createStreams(
  cluster: SimCluster,
  target: SimTablet,
  { workflow, sourceKeyspace, tables }: MoveTablesCreate,
  cell: string,
): Generator<string, void> {
  for (const shard of cluster.topology.shards(sourceKeyspace)) {
    const source = primaryOf(cluster, sourceKeyspace, shard);
    if (typeof source === "string") continue;
    copySchema(source, target, tables);
    const rules = tables.map((table) => `rules:{match:"${table}" filter:"select * from ${table}"}`).join(" ");
    target.engine.exec(
      insertStream(target, {
        workflow,
        dbName: target.dbName,
        source: `keyspace:"${sourceKeyspace}" shard:"${shard}" filter:{${rules}}`,
        workflowType: MOVE_TABLES,
        cell,
        tabletTypes: "replica,primary",
        deferSecondaryKeys: true,
        options: mysqlJson({ sharded_auto_increment_handling: 1 }),
        limits: "0",
      }),
    );
    yield `insert stream ${workflow} from ${sourceKeyspace}/${shard}`;
  }
}

/** `MoveTables cancel` of v22 to v24 (`cancel-path.md` 2.5, 2.6); with `keepData` the denied tables of the target stay (verified.md 5). */
export function* moveTablesCancel(
  cluster: SimCluster,
  options: {
    readonly keyspace: string;
    readonly workflow: string;
    readonly keepData?: boolean;
    readonly keepRoutingRules?: boolean;
  },
): Native {
  const { keyspace, workflow: name } = options;
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  const { version } = cluster;
  const { sourceKeyspace, sources, targets } = workflow;
  const tables = [
    ...new Set(targets.flatMap(({ rows }) => rows).flatMap((row) => matchesOf(row.source ?? ""))),
  ];
  const drop = function* (): Native {
    for (const { tablet, shard } of targets) {
      updateStreams(tablet, name, "state='Stopped'");
      yield `stop streams of ${name} on ${keyspace}/${shard}`;
    }
    if (options.keepData !== true) {
      for (const { tablet, shard } of targets) {
        for (const table of tables) tablet.executeAsDba(`drop table if exists ${tablet.dbName}.${table}`);
        yield `drop tables of ${keyspace}/${shard}`;
      }
      yield* removeFromVSchema(cluster, keyspace, tables);
      yield* allowTables(
        cluster,
        sourceKeyspace,
        sources.map(({ shard }) => shard),
        tables,
      );
      yield* allowTables(
        cluster,
        keyspace,
        targets.map(({ shard }) => shard),
        tables,
      );
    }
    yield* dropReverseStreams(workflow);
    if (options.keepRoutingRules !== true) {
      const owners = tables.flatMap((table) => [table, `${keyspace}.${table}`, `${sourceKeyspace}.${table}`]);
      const rules = cluster.topology.routingRules().get()?.rules ?? [];
      yield* putRules(
        cluster,
        rules.filter(({ fromTable }) => !owners.includes(fromTable.replace(/@.*/, ""))),
      );
    }
    yield* rebuildSrvVSchema(cluster, version);
    return done;
  };
  const action = "DropTargets";
  const source = { target: { kind: "keyspace", keyspace: sourceKeyspace }, action, version } as const;
  const target = { target: { kind: "keyspace", keyspace }, action, version } as const;
  const named = {
    target: { kind: "workflow", keyspace, workflow: name },
    action: "WorkflowDelete",
    version,
  } as const;
  return yield* underLock(cluster, named, function* (): Native {
    const outcome = yield* underLock(cluster, source, () => underLock(cluster, target, drop));
    return outcome.kind === "unanswered" ? outcome : yield* deleteRemainingStreams(cluster, keyspace, name);
  });
}

const matchesOf = (source: string): readonly string[] =>
  [...source.matchAll(/match:"([^"]+)"/g)].map(([, match]) => match ?? "");

function* putRules(
  cluster: SimCluster,
  rules: readonly { readonly fromTable: string; readonly toTables: readonly string[] }[],
): Generator<string, void> {
  const at = cluster.topology.routingRules();
  if (rules.length === 0) {
    if (at.delete()) yield "delete RoutingRules";
    return;
  }
  at.put(
    create(RoutingRulesSchema, {
      rules: rules.map((rule) =>
        create(RoutingRuleSchema, { fromTable: rule.fromTable, toTables: [...rule.toTables] }),
      ),
    }),
  );
  yield "put RoutingRules";
}

function* addToVSchema(
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

function* removeFromVSchema(
  cluster: SimCluster,
  keyspace: string,
  tables: readonly string[],
): Generator<string, void> {
  const at = cluster.topology.vschema(keyspace);
  const record = at.get();
  if (record === null || record.sharded) return;
  at.put({
    ...record,
    tables: Object.fromEntries(Object.entries(record.tables).filter(([name]) => !tables.includes(name))),
  });
  yield `put VSchema of ${keyspace}`;
}

const denyTables = (
  cluster: SimCluster,
  keyspace: string,
  shards: readonly string[],
  tables: readonly string[],
) => changeDenied(cluster, keyspace, shards, (denied) => [...denied, ...tables]);

const allowTables = (
  cluster: SimCluster,
  keyspace: string,
  shards: readonly string[],
  tables: readonly string[],
) => changeDenied(cluster, keyspace, shards, (denied) => denied.filter((table) => !tables.includes(table)));

/** PRIMARY's denied tables in the Shard records, and RefreshState on their tablets. */
function* changeDenied(
  cluster: SimCluster,
  keyspace: string,
  shards: readonly string[],
  change: (denied: readonly string[]) => readonly string[],
): Generator<string, void> {
  for (const shard of shards) {
    const at = cluster.topology.shard(keyspace, shard);
    const record = at.get();
    if (record === null) continue;
    const others = record.tabletControls.filter(({ tabletType }) => tabletType !== TabletType.PRIMARY);
    const before = record.tabletControls.find(({ tabletType }) => tabletType === TabletType.PRIMARY);
    const deniedTables = [...new Set(change(before?.deniedTables ?? []))];
    const control: readonly Shard_TabletControl[] =
      deniedTables.length === 0
        ? []
        : [create(Shard_TabletControlSchema, { tabletType: TabletType.PRIMARY, deniedTables })];
    at.put({ ...record, tabletControls: [...others, ...control] });
    yield `put Shard ${keyspace}/${shard}`;
    for (const alias of cluster.topology.replicas(keyspace, shard)) cluster.byAlias(alias)?.refreshState();
  }
}
