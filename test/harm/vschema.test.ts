import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Keyspace, KeyspaceSchema, VindexSchema } from "../../src/proto/gen/vschema_pb.js";
import { labCluster } from "../../src/sim/lab.js";
import { applyVSchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { operatorAt } from "../cli/harness.js";

/** The VSchema record of customer is another one, and no SrvVSchema was rebuilt since. */
async function repairedWith(
  change: (vschema: Keyspace) => Keyspace,
  cluster = labCluster({ version: "24.0.4", rows: 5 }),
) {
  const at = cluster.topology.vschema("customer");
  const before = at.get();
  if (before === null) throw new Error("no VSchema");
  at.put(change(before));
  const said = await operatorAt(cluster).write("fix srvvschema-stale@zone1 --yes --settle 30s");
  const served = cluster.topology.srvVSchema("zone1").get()?.keyspaces.customer;
  return { said, served, before };
}

const more = (one: Keyspace): Keyspace => ({
  ...one,
  vindexes: { ...one.vindexes, more: create(VindexSchema, { type: "hash" }) },
});

describe("SrvVSchema is not rebuilt from a VSchema that has lost something", () => {
  test.each<[string, (vschema: Keyspace) => Keyspace, RegExp]>([
    [
      "everything",
      () => create(KeyspaceSchema),
      /do not rebuild the serving graph: it would spread the loss/,
    ],
    [
      "a table",
      (one) => ({ ...one, tables: {} }),
      /do not rebuild the serving graph: it would spread the loss/,
    ],
    ["a vindex", (one) => ({ ...one, vindexes: {} }), /vindex hash/],
    ["that it is sharded", (one) => ({ ...one, sharded: false }), /do not rebuild the serving graph/],
  ])("%s", async (_name, change, lost) => {
    const { said, served, before } = await repairedWith(change);
    expect(said.code, said.err + said.out).toBe(4);
    expect(said.err).toMatch(lost);
    expect(said.err).toMatch(/GetSrvVSchema/);
    expect(said.err).toMatch(/ApplyVSchema/);
    expect(served).toEqual(before);
  });

  test("it is from one that has more", async () => {
    const { said, served } = await repairedWith(more);
    expect(said.code, said.err + said.out).toBe(0);
    expect(Object.keys(served?.vindexes ?? {})).toContain("more");
  });

  test("it is without a keyspace that was deleted", async () => {
    const cluster = labCluster({ version: "24.0.4", rows: 5 });
    cluster.run(createKeyspace(cluster, "old"));
    cluster.run(applyVSchema(cluster, "old", create(KeyspaceSchema, { sharded: true })));
    cluster.topology.vschema("old").delete();
    cluster.topology.keyspace("old").delete();
    const { said } = await repairedWith(more, cluster);
    expect(said.code, said.err + said.out).toBe(0);
  });
});
