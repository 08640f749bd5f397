import { migrationId } from "../../../src/cluster/journal.js";
import { TabletType } from "../../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native } from "../../../src/sim/native/operation.js";
import { filterOf } from "../../../src/sim/native/reshard-create.js";
import {
  deleteStreams,
  insertStream,
  loadWorkflow,
  updateStreams,
  type Workflow,
} from "../../../src/sim/native/workflow.js";
import { atLeast, RESHARD } from "../../../src/sim/stream-row.js";
import { migrateServedType, setControls } from "./serving-switch.js";

export interface SwitchTraffic {
  readonly keyspace: string;
  readonly workflow: string;
}

export const switchReads = (cluster: SimCluster, options: SwitchTraffic): Native =>
  switchTraffic(cluster, options, [reads]);

export const switchWrites = (cluster: SimCluster, options: SwitchTraffic): Native =>
  switchTraffic(cluster, options, [writes]);

/** Reads and writes in one call. */
export const switchAll = (cluster: SimCluster, options: SwitchTraffic): Native =>
  switchTraffic(cluster, options, [reads, writes]);

type Part = (cluster: SimCluster, workflow: Workflow) => Native;

/** `Reshard SwitchTraffic` (docs/vitess.md#switch-order); v21 and later hold the workflow's named lock all the time. */
function* switchTraffic(cluster: SimCluster, options: SwitchTraffic, parts: readonly Part[]): Native {
  const { keyspace, workflow: name } = options;
  const loaded = yield* loadWorkflow(cluster, keyspace, name);
  if (loaded.kind === "unanswered") return loaded;
  const { version } = cluster;
  const all = function* (): Native {
    for (const part of parts) {
      const outcome = yield* part(cluster, loaded.value);
      if (outcome.kind === "unanswered") return outcome;
    }
    return done;
  };
  if (!atLeast(version, 21)) return yield* all();
  const target = { kind: "workflow", keyspace, workflow: name } as const;
  return yield* underLock(cluster, { target, action: "WorkflowSwitchTraffic", version }, all);
}

function* reads(cluster: SimCluster, workflow: Workflow): Native {
  const { keyspace, sources, targets } = workflow;
  const from = sources.map(({ shard }) => shard);
  const to = targets.map(({ shard }) => shard);
  return yield* underLock(
    cluster,
    { target: { kind: "keyspace", keyspace }, action: "SwitchReads", version: cluster.version },
    function* (): Native {
      for (const type of [TabletType.REPLICA, TabletType.RDONLY]) {
        yield* setControls(cluster, keyspace, type, from, true);
        yield* touchShards(cluster, keyspace, from);
        yield* setControls(cluster, keyspace, type, to, false);
        yield* touchShards(cluster, keyspace, to);
        refreshAll(cluster, keyspace, to);
        yield* migrateServedType(cluster, keyspace, type, from, to);
      }
      return done;
    },
  );
}

function* writes(cluster: SimCluster, workflow: Workflow): Native {
  const { keyspace } = workflow;
  const ttl = atLeast(cluster.version, 24) ? 120 : 30;
  return yield* underLock(
    cluster,
    { target: { kind: "keyspace", keyspace }, action: "SwitchWrites", version: cluster.version, ttl },
    function* (): Native {
      yield* cutOver(cluster, workflow);
      return done;
    },
  );
}

function* cutOver(cluster: SimCluster, workflow: Workflow): Generator<string, void> {
  const { keyspace, name, sources, targets } = workflow;
  const from = sources.map(({ shard }) => shard);
  const to = targets.map(({ shard }) => shard);
  yield* setControls(cluster, keyspace, TabletType.PRIMARY, from, true);
  for (const { tablet } of sources) tablet.refreshState();
  yield "stop writes on the sources";
  for (const { tablet, shard } of targets) {
    tablet.engine.play(0);
    updateStreams(tablet, name, "state='Stopped', message='stopped for cutover'");
    yield `streams of ${keyspace}/${shard} caught up and stopped`;
  }
  yield* createReverseStreams(workflow);
  yield* createJournals(workflow);
  yield* setControls(cluster, keyspace, TabletType.PRIMARY, to, false);
  for (const { tablet } of targets) tablet.refreshState();
  yield "allow writes on the targets";
  yield* setServing(cluster, keyspace, from, false);
  yield* setServing(cluster, keyspace, to, true);
  yield* migrateServedType(cluster, keyspace, TabletType.PRIMARY, from, to);
  for (const { tablet, shard } of sources) {
    updateStreams(tablet, `${name}_reverse`, "state='Running'");
    yield `start reverse streams on ${keyspace}/${shard}`;
  }
  for (const { tablet, shard } of targets) {
    updateStreams(tablet, name, "message='FROZEN'");
    yield `freeze streams of ${keyspace}/${shard}`;
  }
}

function* createReverseStreams({ keyspace, name, sources, targets }: Workflow): Generator<string, void> {
  for (const { tablet, shard } of sources) {
    deleteStreams(tablet, `${name}_reverse`);
    // The probe of v23 and later inserts a row and rolls it back: an id is gone (docs/vitess.md#permission-probe).
    if (atLeast(tablet.version, 23)) tablet.mysql.data.sidecar.next.vreplication++;
    for (const target of targets)
      tablet.engine.exec(
        insertStream(tablet, {
          workflow: `${name}_reverse`,
          dbName: tablet.dbName,
          source: `keyspace:"${keyspace}" shard:"${target.shard}" filter:{rules:{match:"/.*" filter:"${filterOf(shard)}"}}`,
          workflowType: RESHARD,
          pos: target.tablet.mysql.position,
          tabletTypes: "replica,primary",
        }),
      );
    yield `create reverse streams on ${keyspace}/${shard}`;
  }
}

/** The point of no return. */
function* createJournals(workflow: Workflow): Generator<string, void> {
  const { keyspace, sources, targets } = workflow;
  const streams = targets.flatMap(({ shard, rows }) => rows.map((row) => ({ shard, id: Number(row.id) })));
  const id = migrationId(keyspace, streams);
  const gtids = targets.map(
    ({ shard, tablet }) =>
      `shard_gtids:{keyspace:"${keyspace}" shard:"${shard}" gtid:"${tablet.mysql.position}"}`,
  );
  const participants = sources.map(({ shard }) => `participants:{keyspace:"${keyspace}" shard:"${shard}"}`);
  for (const { shard, tablet } of sources) {
    const local = `local_position:"${tablet.mysql.position}"`;
    const val = [`id:${id}`, "migration_type:SHARDS", 'tables:"/.*"', local, ...gtids, ...participants].join(
      " ",
    );
    tablet.mysql.write(({ sidecar }) => {
      sidecar.journals = [...sidecar.journals, { id, dbName: tablet.dbName, val }];
    });
    yield `write journal on ${keyspace}/${shard}`;
  }
}

function* setServing(
  cluster: SimCluster,
  keyspace: string,
  shards: readonly string[],
  isPrimaryServing: boolean,
): Generator<string, void> {
  for (const shard of shards) {
    const at = cluster.topology.shard(keyspace, shard);
    const record = at.get();
    if (record === null) continue;
    at.put({ ...record, isPrimaryServing });
    yield `${keyspace}/${shard} is_primary_serving=${isPrimaryServing}`;
  }
}

/** `UpdateShardFields` with nothing to change: the same bytes, a new revision. */
function* touchShards(
  cluster: SimCluster,
  keyspace: string,
  shards: readonly string[],
): Generator<string, void> {
  for (const shard of shards) {
    const at = cluster.topology.shard(keyspace, shard);
    const record = at.get();
    if (record === null) continue;
    at.put(record);
    yield `put Shard ${keyspace}/${shard}`;
  }
}

const refreshAll = (cluster: SimCluster, keyspace: string, shards: readonly string[]): void => {
  for (const shard of shards)
    for (const alias of cluster.topology.replicas(keyspace, shard)) cluster.byAlias(alias)?.refreshState();
};
