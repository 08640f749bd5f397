import { expect, test } from "vitest";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { operatorAt } from "../cli/harness.js";
import { switchAll } from "../sim/native/switch-traffic.js";

const C2 = { keyspace: "customer", workflow: "c2" };
const FINDING = "srvkeyspace-partition-drift@zone1/customer";

const flag = (cluster: SimCluster, shard: string, isPrimaryServing: boolean): void => {
  const at = cluster.topology.shard("customer", shard);
  const record = at.get();
  if (record === null) throw new Error(`no Shard record of ${shard}`);
  at.put({ ...record, isPrimaryServing });
};

const writesGoTo = (cluster: SimCluster): string | undefined =>
  cluster.topology
    .srvKeyspace("zone1", "customer")
    .get()
    ?.partitions.filter(({ servedType }) => servedType === TabletType.PRIMARY)
    .flatMap(({ shardReferences }) => shardReferences.map(({ name }) => name))
    .join();

/** The empty targets of a cancelled Reshard, which somebody flagged as serving in the place of the source. */
function emptyShardsFlagged(): SimCluster {
  const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
  cluster.run(reshardCancel(cluster, { ...C2, version: 24 }));
  cluster.clock.advance(600_000);
  flag(cluster, "0", false);
  for (const shard of ["-80", "80-"]) flag(cluster, shard, true);
  cluster.clock.advance(600_000);
  return cluster;
}

test("writes are not sent to shards without the tables, however the flags are set", async () => {
  const cluster = emptyShardsFlagged();
  const { write } = operatorAt(cluster);
  const said = await write("fix --all --yes --settle 30s");
  expect(said.code, said.err + said.out).toBe(4);
  expect(said.err).toMatch(/-80 has no table/);
  expect(writesGoTo(cluster)).toBe("0");
});

/** A switched Reshard whose flags are those of before the switch, as a global etcd from a backup has them. */
function flagsOfBefore(): SimCluster {
  const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
  cluster.run(switchAll(cluster, C2));
  cluster.clock.advance(600_000);
  flag(cluster, "0", true);
  for (const shard of ["-80", "80-"]) flag(cluster, shard, false);
  cluster.clock.advance(600_000);
  return cluster;
}

test("writes do not go back to a shard that a switch has left", async () => {
  const cluster = flagsOfBefore();
  const { write } = operatorAt(cluster);
  const said = await write(`fix ${FINDING} --yes --settle 30s`);
  expect(said.code, said.err + said.out).toBe(4);
  expect(said.err).toMatch(/c2_reverse on zone1-0000000100 still feeds 0 from -80/);
  expect(writesGoTo(cluster)).toBe("-80,80-");
});

test("a right change of where writes go has to be named", async () => {
  const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
  const graph = cluster.topology.srvKeyspace("zone1", "customer");
  const before = graph.get();
  cluster.run(switchAll(cluster, C2));
  if (before === null) throw new Error("no SrvKeyspace");
  graph.put(before);
  // The flags are set again, and so are younger than the route.
  flag(cluster, "0", false);
  for (const shard of ["-80", "80-"]) flag(cluster, shard, true);
  cluster.clock.advance(600_000);
  const { write } = operatorAt(cluster);
  const all = await write("fix --all --yes --settle 30s");
  expect(all.code, all.err + all.out).toBe(4);
  expect(all.err).toMatch(/--yes alone runs only repairs of class safe/);
  expect(writesGoTo(cluster)).toBe("0");
  const named = await write(`fix ${FINDING} --yes --settle 30s`);
  expect(named.code, named.err + named.out).toBe(0);
  expect(writesGoTo(cluster)).toBe("-80,80-");
});
