import { create } from "@bufbuild/protobuf";
import { migrationId } from "../../src/cluster/journal.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import { KeyspaceSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { formatLockBody } from "../../src/topology/lock-body.js";
import { denyTables } from "../sim/native/denied-tables.js";
import { setControls } from "../sim/native/serving-switch.js";
import { putRules, rulesNow } from "../sim/native/table-routing.js";
import { NATIVES } from "./natives.js";
import type { Shape } from "./world.js";

/** Something that goes wrong, or is left. It does nothing where there is nothing to do it to. */
type Drift = (cluster: SimCluster, pick: number) => void;

const one = <T>(values: readonly T[], pick: number): T | undefined =>
  values[pick % Math.max(1, values.length)];

const keyspaceOf = (cluster: SimCluster, pick: number): string =>
  one(cluster.topology.keyspaces(), pick) ?? "customer";

const cellOf = (cluster: SimCluster, pick: number): string => one(cluster.topology.cells, pick) ?? "zone1";

const runningOf = (cluster: SimCluster, pick: number): SimTablet | undefined =>
  one(
    cluster.tablets.filter(({ running }) => running),
    pick,
  );

const streaming = (cluster: SimCluster, pick: number): SimTablet | undefined =>
  one(
    cluster.tablets.filter(({ running, engine }) => running && engine.streams.length > 0),
    pick,
  );

const shardOf = (
  cluster: SimCluster,
  pick: number,
): { readonly keyspace: string; readonly shard: string } | undefined =>
  one(
    cluster.topology
      .keyspaces()
      .flatMap((keyspace) => cluster.topology.shards(keyspace).map((shard) => ({ keyspace, shard }))),
    pick,
  );

const exhaust = (effects: Iterable<unknown>): void => {
  for (const _ of effects);
};

export const DRIFTS = {
  "SrvKeyspace deleted": (cluster, pick) => {
    cluster.topology.srvKeyspace(cellOf(cluster, pick), keyspaceOf(cluster, pick >> 2)).delete();
  },
  "SrvVSchema deleted": (cluster, pick) => {
    cluster.topology.srvVSchema(cellOf(cluster, pick)).delete();
  },
  "VSchema changed and not rebuilt": (cluster, pick) => {
    const at = cluster.topology.vschema(keyspaceOf(cluster, pick));
    const record = at.get();
    if (record !== null) at.put({ ...record, tables: {} });
  },
  "VSchema emptied": (cluster, pick) => {
    cluster.topology.vschema(keyspaceOf(cluster, pick)).put(create(KeyspaceSchema));
    exhaust(rebuildSrvVSchema(cluster, cluster.version));
  },
  "tablet stopped": (cluster, pick) => runningOf(cluster, pick)?.stop(),
  "tablet killed": (cluster, pick) => runningOf(cluster, pick)?.kill(),
  "tablet out of reach": (cluster, pick) => {
    const tablet = runningOf(cluster, pick);
    if (tablet !== undefined) cluster.faults.refuse(tablet.name);
  },
  "tablet denies": (cluster, pick) => {
    const tablet = runningOf(cluster, pick);
    if (tablet !== undefined) cluster.faults.deny(tablet.name);
  },
  "tablet restarted": (cluster, pick) => {
    const tablet = runningOf(cluster, pick);
    tablet?.stop();
    if (tablet !== undefined) restart(cluster, tablet);
  },
  "Tablet record deleted": (cluster, pick) => {
    const tablet = runningOf(cluster, pick);
    if (tablet !== undefined) cluster.topology.tablet(tablet.alias).delete();
  },
  "row of a running stream deleted by SQL": (cluster, pick) => {
    streaming(cluster, pick)?.executeAsDba("delete from _vt.vreplication where id=1");
  },
  "streams of a workflow deleted": (cluster, pick) => {
    const tablet = streaming(cluster, pick);
    const stream = one(tablet?.engine.streams ?? [], pick >> 3);
    if (stream !== undefined) tablet?.engine.deleteWorkflow(stream.workflow);
  },
  "old journal": (cluster) => {
    const id = migrationId("customer", [
      { shard: "-80", id: 1 },
      { shard: "80-", id: 1 },
    ]);
    const source = cluster.tablets.find(({ keyspace, running }) => keyspace === "customer" && running);
    const val = `id:${id} migration_type:SHARDS local_position:"MySQL56/${source?.mysql.uuid}:1-2" participants:{keyspace:"customer" shard:"0"}`;
    source?.mysql.write(({ sidecar }) => {
      sidecar.journals = [...sidecar.journals, { id, dbName: "vt_customer", val }];
    });
  },
  "tables denied": (cluster, pick) => {
    const place = shardOf(cluster, pick);
    const tablet = cluster.tablets.find(
      (each) => each.running && each.keyspace === place?.keyspace && each.shard === place.shard,
    );
    const table = one(["customer", "item", "stock"], pick >> 3) ?? "";
    if (place === undefined || tablet === undefined) return;
    exhaust(denyTables(cluster, place.keyspace, [{ shard: place.shard, tablet }], [table]));
  },
  "rules left": (cluster, pick) => {
    const to = one(["moved", "product", "gone"], pick) ?? "";
    const from = one(["item", "moved.item", "product.item", "item@replica"], pick >> 2) ?? "";
    exhaust(putRules(cluster, new Map([...rulesNow(cluster), [from, `${to}.item`]])));
    if (pick % 2 === 0) exhaust(rebuildSrvVSchema(cluster, cluster.version));
  },
  "queries disabled": (cluster, pick) => {
    const place = shardOf(cluster, pick);
    const type = one([TabletType.PRIMARY, TabletType.REPLICA], pick >> 3) ?? TabletType.PRIMARY;
    if (place === undefined) return;
    exhaust(setControls(cluster, place.keyspace, type, [place.shard], true));
    for (const tablet of cluster.tablets) if (tablet.shard === place.shard) tablet.refreshState();
  },
  "lock left": (cluster, pick) => {
    const { etcd } = cluster.topology.global;
    const lease = etcd.grant(86_400);
    const workflow = one(["customer/c2", "moved/m1"], pick) ?? "";
    const body = formatLockBody({
      action: "WorkflowSwitchTraffic",
      hostName: "vtctld-0",
      userName: "vitess",
      time: cluster.clock.now(),
    });
    etcd.put(`/vitess/global/internal/named_locks/${workflow}/locks/${lease}`, body, lease);
  },
  "shard deleted by a person": (cluster, pick) => {
    exhaust(NATIVES.DeleteShards(cluster, SPLIT, pick));
  },
} as const satisfies Readonly<Record<string, Drift>>;

const SPLIT: Shape = { version: "24.0.4", secondCell: false, merges: false, productSharded: false };

function restart(cluster: SimCluster, tablet: SimTablet): void {
  try {
    cluster.restart(tablet);
  } catch (error) {
    // Vitess refuses some starts; the process stays down.
    if (!(error instanceof Error && error.message.startsWith("the simulated Vitess refused"))) throw error;
  }
}

export type DriftName = keyof typeof DRIFTS;
