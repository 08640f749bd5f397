import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt } from "../cli/harness.js";
import { reshardComplete } from "../sim/native/reshard-complete.js";
import { switchAll } from "../sim/native/switch-traffic.js";

const CUSTOMER = "CREATE TABLE `customer` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB";

/** Four keyspaces were resharded, their old tablets still run, and nothing is left of it in etcd's history. */
function reshardedOften(): SimCluster {
  const cluster = new SimCluster({ version: "24.0.4" });
  cluster.addCell("zone1");
  let uid = 100;
  for (const keyspace of ["k1", "k2", "k3", "k4"]) {
    cluster.run(createKeyspace(cluster, keyspace));
    for (const shard of ["0", "-80", "80-"]) {
      const tablet = cluster.addTablet({ alias: { cell: "zone1", uid: uid++ }, keyspace, shard });
      cluster.run(startTablet(cluster, tablet));
      cluster.run(plannedReparent(cluster, tablet));
    }
    cluster.run(applySchema(cluster, keyspace, { customer: CUSTOMER }));
    const workflow = { keyspace, workflow: "r" };
    cluster.run(reshardCreate(cluster, { ...workflow, sources: ["0"], targets: ["-80", "80-"] }));
    cluster.clock.advance(3000);
    cluster.run(switchAll(cluster, workflow));
    cluster.clock.advance(3000);
    cluster.run(reshardComplete(cluster, keyspace, "r"));
    cluster.clock.advance(3000);
  }
  cluster.clock.advance(2 * 86_400_000);
  const { etcd } = cluster.topology.global;
  etcd.compact(etcd.revision);
  return cluster;
}

test("the retired sources of many Reshards are no sign of an old topology", async () => {
  const cluster = reshardedOften();
  const { folder, type } = operatorAt(cluster);
  const file = join(folder, "inventory.yaml");
  const places = cluster.tablets.map((t) => `{host: ${t.host}, grpc: ${t.grpcPort}, http: ${t.vtPort}}`);
  writeFileSync(file, `tablets: [${places.join(", ")}]\n`);
  const said = await type(`scan --format json --inventory ${file}`);
  const ids = (JSON.parse(said.out) as { findings: { id: string }[] }).findings.map(({ id }) => id);
  expect(ids).toContain("retired-shard-still-running@k1/0");
  expect(ids).not.toContain("restored-topology@global");
});
