import { expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { operatorAt } from "../cli/harness.js";
import { deleteShards } from "../sim/native/delete-shards.js";

/** `DeleteKeyspace --recursive`: every record of it goes, and no tablet is called. */
function keyspaceDeleted(): SimCluster {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  cluster.clock.advance(60_000);
  cluster.run(deleteShards(cluster, "customer", ["0", "-80", "80-"]));
  const { etcd } = cluster.topology.global;
  for (const { key } of etcd.range("/")) if (key.includes("/keyspaces/customer/")) etcd.delete(key);
  cluster.clock.advance(60_000);
  return cluster;
}

test("a deleted keyspace is one critical story, which does not say to retire what may be the only copy", async () => {
  const { type } = operatorAt(keyspaceDeleted());
  const said = await type("scan");
  expect(said.out).toMatch(/critical +customer +4 tablets of customer \(-80, 0 and 80-\) kept running/);
  expect(said.out).toContain("next: vtdoctor explain keyspace-missing-live-tablets@customer");
  expect(said.out).not.toContain("--orphans retire");
  const told = await type("explain keyspace-missing-live-tablets@customer");
  expect(told.out).toContain(
    "vtctldclient CreateKeyspace --durability-policy=none --sidecar-db-name=_vt customer",
  );
});

test("nothing of it is touched until somebody says what was meant, and then every shard of it", async () => {
  const cluster = keyspaceDeleted();
  const { type } = operatorAt(cluster);
  const asked = await type("fix keyspace-missing-live-tablets@customer --yes");
  expect(asked.code).toBe(4);
  const dry = await type(
    "fix keyspace-missing-live-tablets@customer --orphans retire --unsupervised --dry-run",
  );
  expect(dry.code, dry.err).toBe(1);
  for (const shard of ["customer/-80", "customer/0", "customer/80-"]) expect(dry.out).toContain(shard);
  const kept = await type("fix keyspace-missing-live-tablets@customer --orphans restore --yes");
  expect([kept.code, kept.err]).toEqual([4, expect.stringContaining("customer has no record")]);
});
