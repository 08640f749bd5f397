import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Shard_TabletControlSchema, ShardSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { operatorAt } from "../cli/harness.js";
import { untold } from "../crash/residue-scenes.js";
import { moving } from "../crash/scene.js";

const TARGET = "zone1-0000000400";
const SOURCE = "zone1-0000000100";

/** In the record alone, as SetShardTabletControl leaves it before anybody tells the tablets. */
function deny(cluster: SimCluster, keyspace: string, tables: readonly string[]): void {
  const record = cluster.topology.shard(keyspace, "0");
  const control = create(Shard_TabletControlSchema, {
    tabletType: TabletType.PRIMARY,
    deniedTables: [...tables],
  });
  record.put({
    ...(record.get() ?? create(ShardSchema)),
    tabletControls: tables.length > 0 ? [control] : [],
  });
  cluster.clock.advance(60_000);
}

const fix = (cluster: SimCluster, id: string) =>
  operatorAt(cluster).write(`fix tablet-state-not-refreshed@${id} --settle 31s --yes`);

test("a primary that goes on denying what its record lets it serve reads the record again", async () => {
  const cluster = untold.build();
  const said = await fix(cluster, `${TARGET}/denies`);
  expect([said.code, said.err]).toEqual([0, expect.any(String)]);
  expect(cluster.tablet(TARGET).deniedTables).toEqual([]);
});

test("one that serves what a workflow wants denied denies it: no query leads there", async () => {
  const cluster = moving.build();
  cluster.tablet(TARGET).deniedTables = [];
  cluster.clock.advance(60_000);
  const said = await fix(cluster, `${TARGET}/allows`);
  expect([said.code, said.err]).toEqual([0, expect.any(String)]);
  expect(cluster.tablet(TARGET).deniedTables).toEqual(["customer"]);
});

test.each([
  ["a table", "customer"],
  ["a pattern beside it", "/cust.*/"],
])("one whose record denies %s that clients are led to is left to serve it", async (_, denied) => {
  const cluster = moving.build();
  deny(cluster, "customer", denied === "customer" ? [denied] : ["customer", denied]);
  const said = await fix(cluster, `${SOURCE}/allows`);
  expect([said.code, said.err]).toEqual([4, expect.stringContaining("queries for")]);
  expect(cluster.tablet(SOURCE).deniedTables).toEqual([]);
});
