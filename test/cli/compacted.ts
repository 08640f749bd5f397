import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";

/**
 * A cancel on a cluster that was just started, its history compacted: nothing but a second look proves that what is seen is no passing
 * moment.
 */
export function compacted(): SimCluster {
  const cluster = reshardingLab({ version: "19.0.10" });
  cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
  const { etcd } = cluster.topology.global;
  etcd.put("/now", new Uint8Array());
  etcd.compact(etcd.revision);
  return cluster;
}

/** Where the tablets of its dropped shards are, in a file of the folder. */
export function inventoryIn(folder: string): string {
  const path = join(folder, "inventory.yaml");
  const tablets = [200, 201, 300].map(
    (uid) => `  - {host: 127.0.0.1, grpc: ${16000 + uid}, http: ${15000 + uid}}`,
  );
  writeFileSync(path, `tablets:\n${tablets.join("\n")}\n`);
  return path;
}
