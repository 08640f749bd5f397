import { mapOutcome } from "../../src/cluster/outcome.js";
import type { CollectSettings, CollectSources } from "../../src/collect/collect.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import { SimCluster, type SimOptions } from "../../src/sim/cluster.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import type { TabletAddress, TabletReader } from "../../src/tablets/access.js";
import type { TopologyReader } from "../../src/topology/store.js";
import { NO_INVENTORY } from "../../src/witnesses/inventory.js";

export const TIMEOUT_MS = 10_000;

/** customer/0: zone1-100 (primary) and zone2-101; customer/-80 (not serving): zone1-200. zone2 has an etcd of its own. */
export function smallCluster(options: SimOptions = {}): SimCluster {
  const cluster = new SimCluster({ timeoutMs: TIMEOUT_MS, ...options });
  cluster.addCell("zone1");
  cluster.addCell("zone2", { server: "etcd-zone2:2379", root: "/vitess/zone2" });
  addTablet(cluster, "zone1", 100, "0", true);
  addTablet(cluster, "zone2", 101, "0", false);
  addTablet(cluster, "zone1", 200, "-80", true);
  return cluster;
}

export function addTablet(
  cluster: SimCluster,
  cell: string,
  uid: number,
  shard: string,
  primary: boolean,
  keyspace = "customer",
): SimTablet {
  const tablet = cluster.addTablet({ alias: { cell, uid }, keyspace, shard, type: TabletType.REPLICA });
  cluster.run(startTablet(cluster, tablet));
  if (primary) cluster.run(plannedReparent(cluster, tablet));
  return tablet;
}

export const sourcesOf = (cluster: SimCluster, changes: Partial<CollectSources> = {}): CollectSources => ({
  connect: (server): TopologyReader => cluster.connect(server),
  tablets: cluster.reader,
  clock: cluster.clock,
  ...changes,
});

export const settingsOf = (cluster: SimCluster, changes: Partial<CollectSettings> = {}): CollectSettings => ({
  version: "0.0.0-test",
  globalServer: cluster.topology.global.etcd.server,
  globalRoot: cluster.topology.global.root,
  inventory: NO_INVENTORY,
  earlier: [],
  keyspaces: [],
  cells: [],
  timeoutMs: TIMEOUT_MS,
  concurrency: 32,
  historyBudget: 1000,
  mysql: cluster.hasMysqlCredentials,
  askTables: false,
  settleMs: null,
  ...changes,
});

/** The reader with something done around every question. */
export function around(
  reader: TabletReader,
  wrap: <T>(
    call: Exclude<keyof TabletReader, "leave" | "close">,
    at: TabletAddress,
    ask: (at: TabletAddress) => Promise<T>,
  ) => Promise<T>,
): TabletReader {
  return {
    identity: (at) => wrap("identity", at, (to) => reader.identity(to)),
    vars: (at) => wrap("vars", at, (to) => reader.vars(to)),
    status: (at) => wrap("status", at, (to) => reader.status(to)),
    rows: (at, read) => wrap("rows", at, (to) => reader.rows(to, read)),
    schema: (at) => wrap("schema", at, (to) => reader.schema(to)),
    sequences: (at, tables) => wrap("sequences", at, (to) => reader.sequences(to, tables)),
    deniedTables: (at) => wrap("deniedTables", at, (to) => reader.deniedTables(to)),
    mysqlRows: (at, read, sidecar) => wrap("mysqlRows", at, (to) => reader.mysqlRows(to, read, sidecar)),
    mysqlStatus: (at) => wrap("mysqlStatus", at, (to) => reader.mysqlStatus(to)),
    leave: (at) => reader.leave(at),
    close: () => reader.close(),
  };
}

/** Connections to etcds that all say the same cluster id, as those do that were configured alike. */
export const alike =
  (cluster: SimCluster) =>
  (server: string): TopologyReader => {
    const reader = cluster.connect(server);
    return {
      server,
      status: async () =>
        mapOutcome(await reader.status(), (status) => ({ ...status, clusterId: "cdf818194e3a8c32" })),
      range: (request) => reader.range(request),
      get: (key, revision) => reader.get(key, revision),
      lease: (id) => reader.lease(id),
      close: () => reader.close(),
    };
  };
