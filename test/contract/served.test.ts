import { systemClock } from "../../src/cli/clock.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { type ServeOptions, serveCluster } from "../../src/sim/serve/served-cluster.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { createTabletWriter } from "../../src/tablets/writer.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import { OPTIONS } from "../tablets/settings.js";
import { tabletAccessContract } from "./tablet-access.js";
import { topologyStoreContract } from "./topology-store.js";

/** The simulated cluster behind real protocols, called by the adapters for real clusters. */
const serve = (make: ServeOptions["make"]) =>
  serveCluster({ make, tablets: 5, firstPort: 0, clock: systemClock, beginsAgoMs: 10_000 });

topologyStoreContract("the served etcd", async () => {
  const { cluster, etcdPort, close } = await serve((options) => new SimCluster(options));
  const address = `127.0.0.1:${etcdPort}`;
  return {
    connect: () => connectEtcdStore(address, { timeoutMs: 5_000, tls: null }, systemClock),
    clock: systemClock,
    compact: async (revision) => cluster.topology.global.etcd.compact(revision),
    stop: async () => close(),
  };
});

for (const [version, release] of [
  ["24", "24.0.4"],
  ["19", "19.0.10"],
] as const)
  tabletAccessContract(`served vttablets, Vitess ${version}`, async () => {
    const { cluster, etcdPort, close } = await serve((made) => reshardingLab({ ...made, version: release }));
    const options = {
      ...OPTIONS,
      timeoutMs: 3_000,
      mysql: { user: "operator", password: "any", ssl: null },
    };
    return {
      reader: createTabletReader(options, systemClock),
      writer: createTabletWriter(options, systemClock),
      clock: systemClock,
      timeoutMs: options.timeoutMs,
      version,
      topoServer: `127.0.0.1:${etcdPort}`,
      topoRoot: cluster.topology.global.root,
      primary: cluster.tablet("zone1-0000000200").address,
      replica: cluster.tablet("zone1-0000000201").address,
      nobody: { host: "127.0.0.1", grpcPort: 1, httpPort: 1, mysqlHost: "127.0.0.1", mysqlPort: 1 },
      useTable: async (at) => {
        const leave = cluster.byGrpc(at.host, at.grpcPort)?.mysql.locks.hold(["vt_customer.customer"]);
        return async () => leave?.();
      },
      hang: async (at) => cluster.faults.hang(cluster.byGrpc(at.host, at.grpcPort)?.name ?? ""),
      stop: async () => close(),
    };
  });
