import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  Shard_SourceShardSchema,
  ShardSchema,
  TabletAliasSchema,
  TabletSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import { TimeSchema } from "../../src/proto/gen/vttime_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt } from "../cli/harness.js";
import { forgotten } from "../crash/record-scenes.js";

const REPLICATION = "/vitess/zone1/keyspaces/customer/shards/-80/ShardReplication";
const RUN = /^Plan (\w+):/m;

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

  const fixed = async (cluster: SimCluster, finding: string, settle = "31s") => {
    const { code, err } = await operatorAt(cluster).write(`fix ${finding} --settle ${settle} --yes`);
    return [code, err];
  };
  const misnamed = (term: (recorded: bigint) => bigint) => {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    cluster.clock.advance(600_000);
    const record = cluster.topology.shard("customer", "-80");
    const shard = record.get() ?? create(ShardSchema);
    const seconds = term(shard.primaryTermStartTime?.seconds ?? 0n);
    record.put({
      ...shard,
      primaryAlias: create(TabletAliasSchema, { cell: "zone1", uid: 201 }),
      primaryTermStartTime: create(TimeSchema, {
        seconds,
        nanoseconds: shard.primaryTermStartTime?.nanoseconds ?? 0,
      }),
    });
    return { cluster, record };
  };

  it("no primary is named in a Shard record that has a newer term than it", async () => {
    const { cluster, record } = misnamed((term) => term + 1n);
    expect(await fixed(cluster, "shard-primary-alias-mismatch@customer/-80", "0")).toEqual([
      4,
      expect.stringContaining("not proven that the term of zone1-0000000200 is the newest"),
    ]);
    expect(record.get()?.primaryAlias?.uid).toBe(201);
  });

  it.each([
    ["two tablets answer that they are", "zone1-0000000200 and zone1-0000000202 of customer/-80"],
    ["the one that is recorded does not answer", "no tablet of customer/-80"],
  ])("no primary is named where %s", async (_, why) => {
    const { cluster, record } = misnamed((term) => term);
    if (why.startsWith("no")) cluster.tablet("zone1-0000000200").kill();
    else {
      const alias = { cell: "zone1", uid: 202 };
      const tablet = cluster.addTablet({ alias, keyspace: "customer", shard: "-80" });
      cluster.run(startTablet(cluster, tablet));
      const own = cluster.topology.tablet(alias);
      const published = own.get() ?? create(TabletSchema);
      tablet.changeType(TabletType.PRIMARY, record.get()?.primaryTermStartTime);
      own.put(published);
    }
    expect(await fixed(cluster, "shard-primary-alias-mismatch@customer/-80", "0")).toEqual([
      4,
      expect.stringContaining(why),
    ]);
    expect(record.get()?.primaryAlias?.uid).toBe(201);
  });

  it("a primary is named as it names itself, and an undo brings back what was there", async () => {
    const { cluster, record } = misnamed((term) => term);
    const operator = operatorAt(cluster);
    const said = await operator.write("fix shard-primary-alias-mismatch@customer/-80 --yes");
    expect([said.code, said.err]).toEqual([
      0,
      expect.stringContaining(
        "names zone1-0000000200 as the primary of customer/-80 instead of zone1-0000000201",
      ),
    ]);
    expect(record.get()?.primaryAlias?.uid).toBe(200);
    expect((await operator.write(`undo ${RUN.exec(said.err)?.[1]} --yes`)).code).toBe(0);
    expect(record.get()?.primaryAlias?.uid).toBe(201);
  });

  it.each([
    ["a primary", 200, "is recorded as the primary of customer/-80"],
    ["the last one that could tell of its shard", 201, "no other tablet of customer/-80 answers"],
  ])("the record of a dead tablet stays: %s", async (_, uid, why) => {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    for (const each of uid === 200 ? [200] : [200, 201]) cluster.tablet(`zone1-0000000${each}`).kill();
    cluster.clock.advance(60_000);
    expect(await fixed(cluster, `tablet-record-dead-address@zone1-0000000${uid}`)).toEqual([
      4,
      expect.stringContaining(why),
    ]);
    expect(cluster.topology.tablet({ cell: "zone1", uid }).get()).not.toBeNull();
  });

  it("the record of a tablet that may run where nobody is reached stays, though its shard has no record", async () => {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const alias = { cell: "zone1", uid: 500 };
    const tablet = cluster.addTablet({ alias, keyspace: "customer", shard: "0-" });
    cluster.run(startTablet(cluster, tablet));
    cluster.faults.hang("zone1-0000000500");
    const key = "/vitess/global/keyspaces/customer/shards/0-/Shard";
    cluster.topology.global.etcd.txn([], [{ kind: "delete", key }]);
    cluster.clock.advance(60_000);
    expect(await fixed(cluster, "tablet-record-shard-missing@zone1-0000000500")).toEqual([
      4,
      expect.stringContaining("it is not proven that nothing listens at"),
    ]);
    expect(cluster.topology.tablet(alias).get()).not.toBeNull();
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
