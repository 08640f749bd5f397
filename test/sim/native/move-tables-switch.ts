import { migrationId } from "../../../src/cluster/journal.js";
import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native } from "../../../src/sim/native/operation.js";
import { rebuildSrvVSchema } from "../../../src/sim/native/serving-graph.js";
import {
  deleteStreams,
  insertStream,
  loadWorkflow,
  movedTables,
  updateStreams,
  type Workflow,
} from "../../../src/sim/native/workflow.js";
import { atLeast, MOVE_TABLES } from "../../../src/sim/stream-row.js";
import { allowTables, denyTables } from "./denied-tables.js";
import { OPTIONS } from "./move-tables.js";
import { underBothKeyspaces } from "./move-tables-cancel.js";
import { putRules, READS, rulesNow } from "./table-routing.js";

/**
 * `MoveTables SwitchTraffic`, reads and writes in one call, of v19 to v24 (docs/vitess.md#switch-order): SrvVSchema is rebuilt at the end
 * only, and v21 and later hold the workflow's named lock all the time.
 */
export function* moveTablesSwitch(cluster: SimCluster, keyspace: string, name: string): Native {
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  const { version } = cluster;
  const all = function* (): Native {
    const reads = yield* underBothKeyspaces(cluster, workflow, "SwitchReads", () =>
      switchReads(cluster, workflow),
    );
    if (reads.kind === "unanswered") return reads;
    return yield* underBothKeyspaces(
      cluster,
      workflow,
      "SwitchWrites",
      () => cutOver(cluster, workflow),
      atLeast(version, 24) ? 120 : 30,
    );
  };
  if (!atLeast(version, 21)) return yield* all();
  const target = { kind: "workflow", keyspace, workflow: name } as const;
  return yield* underLock(cluster, { target, action: "WorkflowSwitchTraffic", version }, all);
}

function* switchReads(cluster: SimCluster, workflow: Workflow): Native {
  const { keyspace, sourceKeyspace } = workflow;
  const toTarget = movedTables(workflow).flatMap((table) =>
    [table, `${keyspace}.${table}`, `${sourceKeyspace}.${table}`].flatMap((from) =>
      READS.map((type) => [`${from}${type}`, `${keyspace}.${table}`] as const),
    ),
  );
  yield* putRules(cluster, new Map([...rulesNow(cluster), ...toTarget]));
  return done;
}

function* cutOver(cluster: SimCluster, workflow: Workflow): Native {
  const { keyspace, name, sourceKeyspace, sources, targets } = workflow;
  const tables = movedTables(workflow);
  const switchDenied = function* (): Generator<string, void> {
    yield* denyTables(cluster, sourceKeyspace, sources, tables);
    yield* allowTables(cluster, keyspace, targets, tables);
  };
  yield* switchDenied();
  for (const { tablet, shard } of targets) {
    tablet.engine.play(0);
    updateStreams(tablet, name, "state='Stopped', message='stopped for cutover'");
    yield `streams of ${keyspace}/${shard} caught up and stopped`;
  }
  yield* createReverseStreams(cluster, workflow, tables);
  yield* createJournals(workflow, tables);
  yield* switchDenied();
  yield* switchRules(cluster, workflow, tables);
  yield* rebuildSrvVSchema(cluster, cluster.version);
  for (const { tablet, shard } of sources) {
    updateStreams(tablet, `${name}_reverse`, "state='Running'");
    yield `start reverse streams on ${sourceKeyspace}/${shard}`;
  }
  for (const { tablet, shard } of targets) {
    updateStreams(tablet, name, "message='FROZEN'");
    yield `freeze streams of ${keyspace}/${shard}`;
  }
  return done;
}

function* switchRules(
  cluster: SimCluster,
  { keyspace, sourceKeyspace }: Workflow,
  tables: readonly string[],
): Generator<string, void> {
  const rules = new Map(rulesNow(cluster));
  for (const table of tables) {
    rules.delete(`${keyspace}.${table}`);
    for (const from of [table, `${sourceKeyspace}.${table}`]) rules.set(from, `${keyspace}.${table}`);
  }
  yield* putRules(cluster, rules);
}

function* createReverseStreams(
  cluster: SimCluster,
  { keyspace, name, sourceKeyspace, sources, targets }: Workflow,
  tables: readonly string[],
): Generator<string, void> {
  const vschema = cluster.topology.vschema(sourceKeyspace).get();
  const filterOf = (table: string, shard: string): string => {
    const vindex = vschema?.tables[table]?.columnVindexes[0];
    const range = `in_keyrange(${vindex?.column}, '${sourceKeyspace}.${vindex?.name}', '${shard}')`;
    return `select * from \`${table}\`${vindex === undefined ? "" : ` where ${range}`}`;
  };
  for (const { tablet, shard } of sources) {
    deleteStreams(tablet, `${name}_reverse`);
    // The probe of v23 and later inserts a row and rolls it back: an id is gone.
    tablet.mysql.data.sidecar.next.vreplication++;
    const rules = tables
      .map((table) => `rules:{match:"${table}" filter:"${filterOf(table, shard)}"}`)
      .join(" ");
    for (const target of targets)
      tablet.engine.exec(
        insertStream(tablet, {
          workflow: `${name}_reverse`,
          dbName: tablet.dbName,
          source: `keyspace:"${keyspace}" shard:"${target.shard}" filter:{${rules}}`,
          workflowType: MOVE_TABLES,
          pos: target.tablet.mysql.position,
          cell: target.rows[0]?.cell ?? "",
          tabletTypes: "replica,primary",
          options: OPTIONS,
        }),
      );
    yield `create reverse streams on ${sourceKeyspace}/${shard}`;
  }
}

/** One on every source primary; the point of no return. */
function* createJournals(
  { keyspace, sourceKeyspace, sources, targets }: Workflow,
  tables: readonly string[],
): Generator<string, void> {
  const streams = targets.flatMap(({ shard, rows }) => rows.map((row) => ({ shard, id: Number(row.id) })));
  const id = migrationId(keyspace, streams);
  const moved = tables.map((table) => `tables:"${table}"`);
  const gtids = targets.map(
    ({ shard, tablet }) =>
      `shard_gtids:{keyspace:"${keyspace}" shard:"${shard}" gtid:"${tablet.mysql.position}"}`,
  );
  const participants = sources.map(
    ({ shard }) => `participants:{keyspace:"${sourceKeyspace}" shard:"${shard}"}`,
  );
  for (const { shard, tablet } of sources) {
    const local = `local_position:"${tablet.mysql.position}"`;
    const val = [`id:${id}`, ...moved, local, ...gtids, ...participants].join(" ");
    tablet.mysql.write(({ sidecar }) => {
      sidecar.journals = [...sidecar.journals, { id, dbName: tablet.dbName, val }];
    });
    yield `write journal on ${sourceKeyspace}/${shard}`;
  }
}
