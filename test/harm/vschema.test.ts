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

describe("a VSchema that was applied with --skip-rebuild", () => {
  const heldBack = () => {
    const cluster = labCluster({ version: "24.0.4", rows: 5 });
    const before = cluster.topology.srvVSchema("zone1").get();
    const at = cluster.topology.vschema("customer");
    at.put(more(at.get() ?? create(KeyspaceSchema)));
    return { cluster, before };
  };

  test("may be held back on purpose: it is a warning, and nothing publishes it unasked", async () => {
    const { cluster, before } = heldBack();
    const scan = await operatorAt(cluster).type("scan --format json");
    const { findings } = JSON.parse(scan.out) as { findings: readonly Record<string, unknown>[] };
    expect(findings.filter(({ severity }) => severity !== "info")).toMatchObject([
      {
        id: "srvvschema-stale@zone1",
        severity: "warning",
        cause: expect.stringContaining("--skip-rebuild, on purpose or forgotten"),
        repair: { class: "confirm" },
      },
    ]);
    const all = await operatorAt(cluster).write("fix --all --yes --settle 30s");
    expect([all.code, all.err]).toEqual([
      4,
      expect.stringContaining("--yes alone runs only repairs of class safe"),
    ]);
    expect(cluster.topology.srvVSchema("zone1").get()).toEqual(before);
    const named = await operatorAt(cluster).write("fix srvvschema-stale@zone1 --yes --settle 30s");
    expect(named.code, named.err).toBe(0);
    expect(cluster.topology.srvVSchema("zone1").get()?.keyspaces.customer?.vindexes).toHaveProperty("more");
  });

  test("is critical where another cell plans a table otherwise", async () => {
    const { cluster } = heldBack();
    cluster.addCell("zone2");
    const other = cluster.topology.srvVSchema("zone1").get();
    const customer = other?.keyspaces.customer;
    if (other === null || customer === undefined) throw new Error("no SrvVSchema");
    const keyspaces = { ...other.keyspaces, customer: { ...customer, sharded: false } };
    cluster.topology.srvVSchema("zone2").put({ ...other, keyspaces });
    const scan = await operatorAt(cluster).type("scan --format json");
    const { findings } = JSON.parse(scan.out) as { findings: readonly Record<string, string>[] };
    expect(findings.find(({ id }) => id === "srvvschema-stale@zone2")).toMatchObject({
      severity: "critical",
    });
  });
});
