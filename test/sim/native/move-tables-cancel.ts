import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native } from "../../../src/sim/native/operation.js";
import { deleteRemainingStreams, dropReverseStreams } from "../../../src/sim/native/reshard-cancel.js";
import { rebuildSrvVSchema } from "../../../src/sim/native/serving-graph.js";
import { loadWorkflow, movedTables, updateStreams, type Workflow } from "../../../src/sim/native/workflow.js";
import { allowTables } from "./denied-tables.js";
import { putRules, removeFromVSchema, rulesNow, withoutTables } from "./table-routing.js";

export interface MoveTablesCancel {
  readonly keyspace: string;
  readonly workflow: string;
  readonly keepData?: boolean;
  readonly keepRoutingRules?: boolean;
}

/**
 * `MoveTables cancel` of v22 to v24 (docs/vitess.md#v22-cancel); with `keepData` the denied tables of the target stay
 * (docs/vitess.md#kept-denials).
 */
export function* moveTablesCancel(cluster: SimCluster, options: MoveTablesCancel): Native {
  const { keyspace, workflow: name } = options;
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  const { version } = cluster;
  const target = { kind: "workflow", keyspace, workflow: name } as const;
  return yield* underLock(cluster, { target, action: "WorkflowDelete", version }, function* (): Native {
    const outcome = yield* underBothKeyspaces(cluster, workflow, "DropTargets", () =>
      dropTargets(cluster, workflow, options),
    );
    return outcome.kind === "unanswered" ? outcome : yield* deleteRemainingStreams(cluster, keyspace, name);
  });
}

function* dropTargets(cluster: SimCluster, workflow: Workflow, options: MoveTablesCancel): Native {
  const { keyspace, name, sourceKeyspace, sources, targets } = workflow;
  const tables = movedTables(workflow);
  for (const { tablet, shard } of targets) {
    // The RPC writes what it was not told to keep as empty (docs/vitess.md#blanked-columns).
    updateStreams(tablet, name, "state='Stopped', cell='', tablet_types=''");
    yield `stop streams of ${name} on ${keyspace}/${shard}`;
  }
  if (options.keepData !== true) {
    yield* dropTables(keyspace, targets, tables);
    if (cluster.topology.vschema(keyspace).get()?.sharded !== true)
      yield* removeFromVSchema(cluster, keyspace, tables);
    yield* allowTables(cluster, sourceKeyspace, sources, tables);
    yield* allowTables(cluster, keyspace, targets, tables);
  }
  yield* dropReverseStreams(workflow);
  if (options.keepRoutingRules !== true)
    yield* putRules(cluster, withoutTables(rulesNow(cluster), workflow, tables));
  yield* rebuildSrvVSchema(cluster, cluster.version);
  return done;
}

export function* dropTables(
  keyspace: string,
  from: Workflow["sources"],
  tables: readonly string[],
): Generator<string, void> {
  for (const { tablet, shard } of from) {
    for (const table of tables) tablet.executeAsDba(`drop table if exists ${tablet.dbName}.${table}`);
    yield `drop tables of ${keyspace}/${shard}`;
  }
}

/** Source first, then target (docs/vitess.md#lock-holders). */
export const underBothKeyspaces = (
  cluster: SimCluster,
  { keyspace, sourceKeyspace }: Workflow,
  action: string,
  body: () => Native,
  ttl = 30,
): Native => {
  const { version } = cluster;
  const source = { target: { kind: "keyspace", keyspace: sourceKeyspace }, action, version, ttl } as const;
  const target = { target: { kind: "keyspace", keyspace }, action, version, ttl } as const;
  return underLock(cluster, source, () => underLock(cluster, target, body));
};
