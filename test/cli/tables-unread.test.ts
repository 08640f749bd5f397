import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { unanswered } from "../../src/cluster/outcome.js";
import { KeyspaceSchema, TableSchema, VindexSchema } from "../../src/proto/gen/vschema_pb.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, applyVSchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { rebuildSrvKeyspace } from "../../src/sim/native/serving-graph.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt, vtdoctor } from "./harness.js";

/** Keyspace k with table t, healthy, and nothing gives a reason to ask its shards for their tables. */
function plain(): SimCluster {
  const cluster = new SimCluster({ version: "24.0.4" });
  cluster.addCell("zone1");
  cluster.run(createKeyspace(cluster, "k"));
  for (const [shard, uid] of [
    ["-80", 100],
    ["80-", 200],
  ] as const) {
    const tablet = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: "k", shard });
    cluster.run(startTablet(cluster, tablet));
    cluster.run(plannedReparent(cluster, tablet));
  }
  cluster.run(
    applySchema(cluster, "k", { t: "CREATE TABLE `t` (\n  `id` bigint NOT NULL\n) ENGINE=InnoDB" }),
  );
  rebuildSrvKeyspace(cluster, "zone1", "k");
  const hash = create(VindexSchema, { type: "hash" });
  const t = create(TableSchema, { columnVindexes: [{ column: "id", name: "hash" }] });
  const vschema = create(KeyspaceSchema, { sharded: true, vindexes: { hash }, tables: { t } });
  cluster.run(applyVSchema(cluster, "k", vschema));
  return cluster;
}

async function verdictsOf(cluster: SimCluster): Promise<unknown> {
  const sql = "SELECT DISTINCT verdict, reason FROM query_path WHERE tablet_type = 'PRIMARY' AND names > 0";
  const flags = ["--topo-global-server-address", "etcd-global:2379", "--all-tables", "--format", "json"];
  return JSON.parse((await vtdoctor(["query", sql, ...flags], { cluster })).out).rows;
}

describe("a shard whose tables were not read", () => {
  it("is told where nobody asked for them, and asked with --all-tables", async () => {
    const { type } = operatorAt(plain());
    const silent = await type("scan");
    const words = "nobody asked 2 shards for their tables (--all-tables does)";
    expect([silent.code, silent.out]).toEqual([0, expect.stringContaining(words)]);
    const all = await type("scan --all-tables");
    expect([all.code, all.out]).toEqual([0, expect.not.stringContaining("--all-tables")]);
  });

  it("makes the scan incomplete where it was asked and did not answer, and its paths unknown", async () => {
    const cluster = plain();
    const broken = unanswered("failed", "View 'vt_k.v' references invalid table(s) (errno 1356)");
    cluster.reader.schema = async () => broken;
    const said = await operatorAt(cluster).type("scan --all-tables");
    expect([said.code, said.out]).toEqual([3, expect.stringMatching(/Not seen\n {2}schema .*errno 1356/)]);
    expect(await verdictsOf(cluster)).toEqual([{ verdict: "unknown", reason: "schema-unread" }]);
  });

  it("hides a table that is gone until it is asked", async () => {
    const cluster = plain();
    cluster.tablet("zone1-0000000100").mysql.data.databases.get("vt_k")?.clear();
    const { type } = operatorAt(cluster);
    expect((await type("scan")).code).toBe(0);
    const said = await type("scan --all-tables --settle 30s");
    expect([said.code, said.out]).toEqual([
      1,
      expect.stringContaining("queries of 1 table of k go to k/-80"),
    ]);
    expect(await verdictsOf(cluster)).toEqual([{ verdict: "unserved", reason: "table-missing" }]);
  });
});
