import { SimCluster } from "../../src/sim/cluster.js";
import { topologyStoreContract } from "../contract/topology-store.js";

topologyStoreContract("the simulated etcd", async () => {
  const cluster = new SimCluster({ globalServer: "etcd:2379" });
  return {
    connect: () => cluster.connect("etcd:2379"),
    clock: cluster.clock,
    compact: async (revision) => cluster.server("etcd:2379").compact(revision),
    stop: async () => cluster.disconnectAll(),
  };
});
