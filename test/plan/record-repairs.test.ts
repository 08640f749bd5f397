import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Shard_SourceShardSchema, ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { operatorAt } from "../cli/harness.js";
import { forgotten } from "../crash/record-scenes.js";

const REPLICATION = "/vitess/zone1/keyspaces/customer/shards/-80/ShardReplication";

describe("records are repaired only where nobody needs them as they are", () => {
  it("a ShardReplication that can not be read is not written over", async () => {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const { etcd } = cluster.topology.global;
    etcd.put(REPLICATION, Buffer.from("torn"));
    cluster.clock.advance(60_000);
    const said = await operatorAt(cluster).write(
      "fix shard-replication-missing-node@zone1-0000000200 --settle 31s --yes",
    );
    expect([said.code, said.err]).toEqual([2, expect.stringContaining("there is no finding")]);
    expect(Buffer.from(etcd.get(REPLICATION)?.value ?? []).toString()).toBe("torn");
  });

  it.each([
    ["is fed by a stream", "-80", null, "has a stream of c2"],
    ["did not say its streams", "0", "zone1-0000000100", "said which streams it has"],
  ])("a shard that names sources and %s is not let serve", async (_, shard, killed, why) => {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const record = cluster.topology.shard("customer", shard);
    const sourceShards = [create(Shard_SourceShardSchema, { uid: 1, keyspace: "old", shard: "-" })];
    record.put({ ...(record.get() ?? create(ShardSchema)), sourceShards });
    if (killed !== null) cluster.tablet(killed).kill();
    cluster.clock.advance(60_000);
    const said = await operatorAt(cluster).write(
      `fix source-shards-leftover@customer/${shard} --settle 31s --yes`,
    );
    expect([said.code, said.err]).toEqual([4, expect.stringContaining(why)]);
    expect(record.get()?.sourceShards).toHaveLength(1);
  });

  it("an app is not let go by the keyspace's record while a cell's can not be read", async () => {
    const cluster = forgotten.build();
    const { etcd } = cluster.topology.global;
    etcd.put("/vitess/zone1/keyspaces/customer/SrvKeyspace", Buffer.from("torn"));
    cluster.clock.advance(60_000);
    const said = await operatorAt(cluster).write(
      "fix throttled-app-leftover@customer/online-ddl --settle 31s --yes",
    );
    expect([said.code, said.err]).toEqual([4, expect.stringContaining("could not be read")]);
  });

  it("an app is let go in each record by the name of the finding, and --all leaves it as it is", async () => {
    const cluster = forgotten.build();
    const rule = () =>
      cluster.topology.keyspace("customer").get()?.throttlerConfig?.throttledApps["online-ddl"];
    const before = rule();
    const operator = operatorAt(cluster);
    await operator.write("fix --all --settle 31s --yes");
    expect(rule()).toEqual(before);
    const said = await operator.write("fix throttled-app-leftover@customer/online-ddl --settle 31s --yes");
    expect([said.code, said.err, forgotten.left(cluster)]).toEqual([0, expect.any(String), []]);
    expect(rule()?.ratio).toBe(1);
  });

  it("what a cell serves of a keyspace whose tablets are recorded stays, though its record is gone", async () => {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const { etcd } = cluster.topology.global;
    for (const tablet of cluster.tablets) tablet.kill();
    for (const record of ["Keyspace", ...["0", "-80", "80-"].map((shard) => `shards/${shard}/Shard`)])
      etcd.txn([], [{ kind: "delete", key: `/vitess/global/keyspaces/customer/${record}` }]);
    cluster.clock.advance(60_000);
    const said = await operatorAt(cluster).write("fix srvkeyspace-orphan@zone1/customer --settle 31s --yes");
    expect([said.code, said.err]).toEqual([4, expect.stringMatching(/are recorded or running/)]);
    expect(etcd.get("/vitess/zone1/keyspaces/customer/SrvKeyspace")).not.toBeNull();
  });
});
