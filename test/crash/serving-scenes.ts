import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { interrupt } from "../../src/sim/native/operation.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { deleteKeyspace } from "../sim/native/delete-keyspace.js";
import { switchReads, switchWrites } from "../sim/native/switch-traffic.js";
import type { Scene } from "./scene.js";

const c2 = { keyspace: "customer", workflow: "c2" } as const;

/** S6: reads were switched, then the cancel of v24. The second cell has an etcd of its own. */
export const misrouted: Scene = {
  name: "reads on shards that a v24 cancel emptied",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    cluster.run(switchReads(cluster, c2));
    cluster.run(reshardCancel(cluster, { ...c2, version: 24 }));
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["served-shard-without-tables"],
};

/** S14: the switch died after its journal, then the cancel of v24. */
export const halted: Scene = {
  name: "writes that a v24 cancel after the journal stopped",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const switching = switchWrites(cluster, c2);
    let last: string | undefined;
    while (last !== "write journal on customer/0") [last] = interrupt(switching, 1).effects;
    revokeLocks(cluster);
    cluster.run(reshardCancel(cluster, { ...c2, version: 24 }));
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["writes-served-by-no-shard"],
};

/** As an operator does once the dead vtctld's locks are in his way. */
function revokeLocks(cluster: SimCluster): void {
  const { etcd } = cluster.topology.global;
  for (const { key, lease } of etcd.range("/")) if (key.includes("/locks/")) etcd.revoke(lease);
}

/** Its tablets run on, and history has its records. */
export const keyspaceDeleted: Scene = {
  name: "a keyspace that a person deleted",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    cluster.clock.advance(60_000);
    cluster.run(deleteKeyspace(cluster, "customer"));
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["keyspace-missing-live-tablets"],
  fixing: { orphans: "restore" },
};
