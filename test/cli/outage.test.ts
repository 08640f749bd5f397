import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { CellInfoSchema } from "../../src/proto/gen/topodata_pb.js";
import { KeyspaceSchema, RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { cellInfoKey } from "../../src/topology/paths.js";
import { encodeCellInfo } from "../../src/topology/records.js";
import { operatorAt } from "./harness.js";
import { stories } from "./stories.js";

const lab = (): SimCluster => reshardingLab({ version: "24.0.4", rows: 20 });

describe("an outage is one story, and never no finding", () => {
  it("a healthy cluster has none", async () => {
    expect(await stories(lab())).toEqual([]);
  });

  it("the only tablet of a serving shard was stopped, the source of a Reshard", async () => {
    const cluster = lab();
    cluster.tablet("zone1-0000000100")?.stop();
    expect(await stories(cluster)).toEqual(["critical confirmed no-live-primary@customer/0"]);
  });

  it("it was killed", async () => {
    const cluster = lab();
    cluster.faults.refuse("zone1-0000000100");
    expect(await stories(cluster)).toEqual(["critical confirmed no-live-primary@customer/0"]);
  });

  it("it hangs: whether it serves is not known, and the scan is not clean", async () => {
    const cluster = lab();
    cluster.faults.hang("zone1-0000000100");
    expect(await stories(cluster)).toEqual(["critical unknown no-live-primary@customer/0"]);
  });

  it("the root of its cell was changed", async () => {
    const cluster = lab();
    const { etcd, root } = cluster.topology.cell("zone1");
    const info = create(CellInfoSchema, { serverAddress: etcd.server, root: `${root}/new` });
    const { etcd: global, root: at } = cluster.topology.global;
    global.put(cellInfoKey(at, "zone1"), encodeCellInfo(info));
    expect(await stories(cluster)).toEqual(["critical confirmed cell-info-changed@zone1"]);
    const old = `--server-address ${etcd.server} --root ${root} zone1`;
    const told = async () =>
      (await operatorAt(cluster).type("explain cell-info-changed@zone1 --settle 31s")).out;
    expect((await told()).replace(/\s+/g, " ")).toContain(`UpdateCellInfo ${old}`);
    // Written again, it hides the old root from whoever reads one revision back.
    global.put(cellInfoKey(at, "zone1"), encodeCellInfo(info));
    expect((await told()).replace(/\s+/g, " ")).toContain(`named the root ${root} on ${etcd.server} until`);
    global.compact(global.revision);
    expect((await told()).replace(/\s+/g, " ")).toContain("UpdateCellInfo --server-address <old server>");
  });

  it("its VSchema was emptied: the copies are not rebuilt from it", async () => {
    const cluster = lab();
    cluster.topology.vschema("customer").put(create(KeyspaceSchema, {}));
    expect(await stories(cluster)).toEqual(["critical confirmed vschema-lost@customer"]);
    const said = await operatorAt(cluster).write("fix --all --yes --settle 31s");
    expect(cluster.topology.srvVSchema("zone1").get()?.keyspaces.customer?.sharded, said.out + said.err).toBe(
      true,
    );
  });

  it("a rule leads to a table that is not there", async () => {
    const cluster = lab();
    cluster.topology
      .routingRules()
      .put(create(RoutingRulesSchema, { rules: [{ fromTable: "customer.t", toTables: ["customer.gone"] }] }));
    for (const _ of rebuildSrvVSchema(cluster, cluster.version));
    expect(await stories(cluster)).toEqual(["critical confirmed routing-rule-leads-nowhere@customer.gone"]);
  });
});
