import { formatAlias } from "../../cluster/alias.js";
import type { SimCluster } from "../cluster.js";
import type { VitessVersion } from "../stream-row.js";
import { underLock } from "./lock.js";
import { done, type Native, refuse } from "./operation.js";
import { rebuildSrvVSchema } from "./serving-graph.js";
import { deleteStreams, loadWorkflow, updateStreams, type Workflow } from "./workflow.js";

export interface ReshardCancel {
  readonly keyspace: string;
  readonly workflow: string;
  /** Major version of the vtctld that does it. */
  readonly version: 19 | 24;
  /**
   * v19 deletes the target shards first and looks for the streams to delete in the shards that are left. `false`: the streams go first,
   * and the target shards stay, as upstream mended it.
   */
  readonly orderBug?: boolean;
  readonly keepData?: boolean;
}

/** `vtctldclient Reshard cancel` (v19: docs/vitess.md#v19-cancel; v22 to v24: docs/vitess.md#v22-cancel). */
export function* reshardCancel(cluster: SimCluster, options: ReshardCancel): Native {
  const { keyspace, workflow: name } = options;
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const workflow = loaded.value;
  if (writesSwitched(cluster, workflow))
    return refuse("cannot delete workflow because you have already switched write traffic");
  if (options.version === 24) {
    const target = { kind: "workflow", keyspace, workflow: name } as const;
    return yield* underLock(cluster, { target, action: "WorkflowDelete", version: "24.0.4" }, () =>
      keepingShards(cluster, workflow, options.keepData === true, "24.0.4"),
    );
  }
  return options.orderBug === false
    ? yield* keepingShards(cluster, workflow, options.keepData === true, "19.0.10")
    : yield* droppingShards(cluster, workflow);
}

/** v19: when the streams are to be deleted, nothing leads to the tablets that run them any more. */
function* droppingShards(cluster: SimCluster, workflow: Workflow): Native {
  const { keyspace, name } = workflow;
  const lock = { target: { kind: "keyspace", keyspace }, action: "DropTargets", version: "19.0.10" } as const;
  const outcome = yield* underLock(cluster, lock, function* (): Native {
    const dropped = yield* dropTargetShards(cluster, workflow);
    if (dropped.kind === "unanswered") return dropped;
    yield* dropReverseStreams(workflow);
    yield* rebuildSrvVSchema(cluster, "19.0.10");
    return done;
  });
  if (outcome.kind === "unanswered") return outcome;
  return yield* deleteRemainingStreams(cluster, keyspace, name);
}

/** v22 and later: stop, drop the tables, delete the streams; the shards stay. */
function* keepingShards(
  cluster: SimCluster,
  workflow: Workflow,
  keepData: boolean,
  version: VitessVersion,
): Native {
  const { keyspace, name, targets } = workflow;
  const lock = { target: { kind: "keyspace", keyspace }, action: "DropTargets", version } as const;
  const outcome = yield* underLock(cluster, lock, function* (): Native {
    for (const { tablet, shard } of targets) {
      // The RPC writes what it was not told to keep as empty (docs/vitess.md#blanked-columns).
      updateStreams(tablet, name, "state='Stopped', cell='', tablet_types=''");
      yield `stop streams of ${name} on ${keyspace}/${shard}`;
    }
    if (!keepData) yield* dropTargetTables(workflow);
    yield* dropReverseStreams(workflow);
    yield* rebuildSrvVSchema(cluster, version);
    return done;
  });
  if (outcome.kind === "unanswered") return outcome;
  return yield* deleteRemainingStreams(cluster, keyspace, name);
}

export const dropTargetShards = (cluster: SimCluster, { keyspace, targets }: Workflow): Native =>
  inParallel(
    cluster,
    targets.map(({ shard }) => deleteShard(cluster, keyspace, shard)),
  );

/** The tables that the first source has, so that what only a target has stays (docs/vitess.md#v22-cancel). */
function* dropTargetTables({ keyspace, sources, targets }: Workflow): Generator<string, void> {
  const [source] = sources;
  const tables = [...(source?.tablet.mysql.data.databases.get(source.tablet.dbName)?.values() ?? [])]
    .filter(({ type }) => type === "BASE TABLE")
    .map(({ name }) => name);
  for (const { tablet, shard } of targets) {
    for (const table of tables) tablet.executeAsDba(`drop table if exists ${tablet.dbName}.${table}`);
    yield `drop tables of ${keyspace}/${shard}`;
  }
}

export function* dropReverseStreams({ name, sourceKeyspace, sources }: Workflow): Generator<string, void> {
  for (const { tablet, shard } of sources) {
    deleteStreams(tablet, `${name}_reverse`);
    yield `delete streams of ${name}_reverse on ${sourceKeyspace}/${shard}`;
  }
}

/** `DeleteVReplicationWorkflow` on the primary of every shard that the topology has. */
export function* deleteRemainingStreams(cluster: SimCluster, keyspace: string, name: string): Native {
  for (const shard of cluster.topology.shards(keyspace)) {
    const { engine } = cluster.primary(keyspace, shard);
    engine.deleteWorkflow(name);
    yield `delete streams of ${name} on ${keyspace}/${shard}`;
  }
  return done;
}

export const writesSwitched = (cluster: SimCluster, { sourceKeyspace, sources }: Workflow): boolean =>
  cluster.topology.shard(sourceKeyspace, sources[0]?.shard ?? "").get()?.isPrimaryServing !== true;

/**
 * `DeleteShard` with recursive (docs/vitess.md#delete-shard): Tablets that ShardReplication lists, ShardReplication, Shard. Takes no lock
 * itself.
 */
export function* deleteShard(
  cluster: SimCluster,
  keyspace: string,
  shard: string,
  evenIfServing = false,
): Native {
  const { topology } = cluster;
  if (topology.shard(keyspace, shard).get() === null) return done;
  if (!evenIfServing && isServing(cluster, keyspace, shard))
    return refuse(
      `shard ${keyspace}/${shard} is still serving, cannot delete it, use the even-if-serving flag if needed`,
    );
  for (const alias of topology.replicas(keyspace, shard)) {
    const record = topology.tablet(alias).get();
    if (record?.keyspace !== keyspace || record.shard !== shard) continue;
    topology.tablet(alias).delete();
    yield `delete Tablet ${formatAlias(alias)}`;
  }
  for (const cell of topology.cells)
    if (topology.shardReplication(cell, keyspace, shard).delete())
      yield `delete ShardReplication ${keyspace}/${shard} in ${cell}`;
  topology.shard(keyspace, shard).delete();
  yield `delete Shard ${keyspace}/${shard}`;
  return done;
}

/** One goroutine a shard: their effects come in any order, all run to their end, and one error is the error of all. */
export function* inParallel(cluster: SimCluster, operations: readonly Native[]): Native {
  let outcome: ReturnType<typeof refuse> | typeof done = done;
  const running = [...operations];
  while (running.length > 0) {
    const index = cluster.random.below(running.length);
    const step = running[index]?.next();
    if (step === undefined || step.done === true) {
      running.splice(index, 1);
      if (step?.value.kind === "unanswered") outcome = step.value;
    } else yield step.value;
  }
  return outcome;
}

const isServing = (cluster: SimCluster, keyspace: string, shard: string): boolean =>
  cluster.topology.cells.some((cell) =>
    (cluster.topology.srvKeyspace(cell, keyspace).get()?.partitions ?? []).some(({ shardReferences }) =>
      shardReferences.some(({ name }) => name === shard),
    ),
  );
