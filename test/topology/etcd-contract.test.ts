import { systemClock } from "../../src/cli/clock.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import { topologyStoreContract } from "../contract/topology-store.js";
import { describeWithEtcd, startEtcd } from "./etcd-server.js";

describeWithEtcd("the topology store", () => {
  topologyStoreContract("over a real etcd", async () => {
    const etcd = await startEtcd();
    return {
      connect: () => connectEtcdStore(etcd.address, { timeoutMs: 5_000, tls: null }, systemClock),
      clock: systemClock,
      compact: etcd.compact,
      stop: etcd.stop,
    };
  });
});
