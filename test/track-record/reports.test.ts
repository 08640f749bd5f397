import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { KeyspaceSchema, KeyspaceType, TabletType } from "../../src/proto/gen/topodata_pb.js";
import {
  RoutingRuleSchema,
  RoutingRulesSchema,
  TableSchema,
  KeyspaceSchema as VSchemaSchema,
} from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { applySchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { rebuildSrvKeyspace, rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { operatorAt } from "../cli/harness.js";
import { stories } from "../cli/stories.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { switchAll } from "../sim/native/switch-traffic.js";

/** keyspace customer with a Reshard that runs: vtdoctor has nothing to say of it. */
const lab = (): SimCluster => reshardingLab({ version: "24.0.4", rows: 20 });

const T = "CREATE TABLE `t` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB";
const table = (name: string) => ({ [name]: T.replace("`t`", `\`${name}\``) });

/** Started, and the primary of its shard. */
const primary = (cluster: SimCluster, keyspace: string, shard: string, uid: number): SimTablet => {
  if (cluster.topology.keyspace(keyspace).get() === null) cluster.run(createKeyspace(cluster, keyspace));
  const tablet = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace, shard });
  cluster.run(startTablet(cluster, tablet));
  cluster.run(plannedReparent(cluster, tablet));
  return tablet;
};

const shards = (cluster: SimCluster, keyspace: string, names: readonly string[]): void => {
  for (const [at, shard] of names.entries()) primary(cluster, keyspace, shard, 600 + at);
  rebuildSrvKeyspace(cluster, "zone1", keyspace);
  cluster.topology.vschema(keyspace).put(create(VSchemaSchema, { sharded: true }));
  rebuild(cluster);
};

const rebuild = (cluster: SimCluster): void => {
  for (const _ of rebuildSrvVSchema(cluster, cluster.version));
};

const listTable = (cluster: SimCluster, keyspace: string, name: string): void =>
  cluster.topology.vschema(keyspace).put(create(VSchemaSchema, { tables: { [name]: create(TableSchema) } }));

const applyRules = (cluster: SimCluster, rules: Readonly<Record<string, readonly string[]>>): void => {
  const records = Object.entries(rules).map(([fromTable, toTables]) =>
    create(RoutingRuleSchema, { fromTable, toTables: [...toTables] }),
  );
  cluster.topology.routingRules().put(create(RoutingRulesSchema, { rules: records }));
  rebuild(cluster);
};

/** Unsharded product has t, and the VSchema of unsharded moved lists it: a MoveTables create that failed after it had saved that. */
const failedCreate = (): SimCluster => {
  const cluster = lab();
  primary(cluster, "product", "0", 400);
  primary(cluster, "moved", "0", 500);
  cluster.run(applySchema(cluster, "product", table("t")));
  listTable(cluster, "product", "t");
  rebuild(cluster);
  listTable(cluster, "moved", "t");
  return cluster;
};

/** MoveTables c2 of customer.customer into moved/0, whose streams read as `change` says. */
const moveOnto = (change: (source: string) => string): SimCluster => {
  const cluster = lab();
  primary(cluster, "moved", "0", 400);
  const tables = { sourceKeyspace: "customer", tables: ["customer"], cell: "zone1" };
  cluster.run(moveTablesCreate(cluster, { keyspace: "moved", workflow: "c2", ...tables }));
  const { sidecar } = cluster.tablet("zone1-0000000400").mysql.data;
  sidecar.vreplication = sidecar.vreplication.map((row) => ({ ...row, source: change(row.source ?? "") }));
  return cluster;
};

describe("what was reported, and is sick", () => {
  it("the VSchema entry of a MoveTables create that failed makes a bare name ambiguous with the next rebuild", async () => {
    const cluster = failedCreate();
    rebuild(cluster);
    expect(await stories(cluster)).toEqual(["warning confirmed table-name-with-two-owners@moved+product"]);
  });

  it("the shards of a keyspace end before the key space does", async () => {
    const cluster = lab();
    shards(cluster, "holes", ["-80", "80-ff"]);
    expect(await stories(cluster)).toEqual(["critical confirmed range-served-by-no-shard@holes/ff-"]);
  });

  it("the only shard of a range, whose bounds are of another width than its neighbours', does not serve", async () => {
    const cluster = lab();
    shards(cluster, "wide", ["-000280", "000280-000300", "0003-"]);
    const record = cluster.topology.shard("wide", "000280-000300");
    const now = record.get();
    if (now !== null) record.put({ ...now, isPrimaryServing: false });
    rebuildSrvKeyspace(cluster, "zone1", "wide");
    expect(await stories(cluster)).toEqual(["critical confirmed range-served-by-no-shard@wide/000280-0003"]);
  });

  it("the sources of a switched Reshard were pruned before it was completed", async () => {
    const cluster = lab();
    cluster.run(switchAll(cluster, { keyspace: "customer", workflow: "c2" }));
    cluster.clock.advance(60_000);
    cluster.tablet("zone1-0000000100").stop();
    cluster.run(deleteShards(cluster, "customer", ["0"]));
    cluster.clock.advance(60_000);
    const found = await stories(cluster);
    expect(found.length).toBeGreaterThan(0);
    expect(
      found.filter((story) => !story.startsWith("warning confirmed stream-source-shard-missing@")),
    ).toEqual([]);
  });

  it("an unsharded keyspace has both 0 and -", async () => {
    const cluster = lab();
    shards(cluster, "both", ["0", "-"]);
    cluster.topology.vschema("both").put(create(VSchemaSchema));
    rebuild(cluster);
    expect(await stories(cluster)).toEqual(["info confirmed cancelled-workflow-target-residue@both/-"]);
  });

  it("the record of a primary was deleted under it", async () => {
    const cluster = lab();
    cluster.topology.tablet({ cell: "zone1", uid: 100 }).delete();
    expect(await stories(cluster)).toEqual([
      "critical confirmed tablet-record-missing-live-process@zone1-0000000100",
    ]);
  });

  it("a primary was reparented to itself, and is its own replica now", async () => {
    const cluster = lab();
    const tablet = cluster.tablet("zone1-0000000100");
    tablet.changeType(TabletType.REPLICA);
    tablet.publish();
    expect(await stories(cluster)).toEqual(["critical confirmed no-live-primary@customer/0"]);
  });

  it("a replica was stopped cleanly, and its record is blank", async () => {
    const cluster = lab();
    cluster.tablet("zone1-0000000201").stop();
    expect(await stories(cluster)).toEqual(["info confirmed tablet-record-empty-address@zone1-0000000201"]);
  });

  it("rules lead to two targets", async () => {
    const cluster = lab();
    primary(cluster, "other", "0", 400);
    applyRules(cluster, { u: ["customer.customer", "other.u"] });
    expect(await stories(cluster)).toEqual([
      "critical confirmed routing-rule-leads-nowhere@customer.customer+other.u",
    ]);
  });

  it("a MoveTables of a keyspace onto itself was switched: its tables are denied where they are", async () => {
    const cluster = moveOnto((source) =>
      source.replace(/keyspace:"customer" shard:"[^"]*"/, 'keyspace:"moved" shard:"0"'),
    );
    applyRules(cluster, { customer: ["moved.customer"], "moved.customer": ["moved.customer"] });
    cluster.clock.advance(60_000);
    expect(await stories(cluster)).toEqual(["critical confirmed denied-tables-both-sides@moved/c2"]);
  });
});

describe("what was reported of a workflow that can not be cancelled", () => {
  it("a Materialize of a table that is not there is", async () => {
    const cluster = moveOnto((source) =>
      source.replace(/rules:\{match:"customer"[^}]*\}/, 'rules:{match:"gone" filter:"select * from gone"}'),
    );
    const { sidecar } = cluster.tablet("zone1-0000000400").mysql.data;
    sidecar.vreplication = sidecar.vreplication.map((row) => ({ ...row, workflow_type: "0" }));
    const said = await operatorAt(cluster).write("cancel moved.c2 --yes");
    expect(said.code, said.out + said.err).toBe(0);
    expect(cluster.tablet("zone1-0000000400").mysql.data.sidecar.vreplication).toEqual([]);
  });
});

describe("what was reported, and is healthy: no finding", () => {
  it("shards whose bounds are of different widths", async () => {
    const cluster = lab();
    shards(cluster, "wide", ["-000280", "000280-000300", "0003-"]);
    expect(await stories(cluster)).toEqual([]);
  });

  it("routing rules that a failed create left, while they lead to who has the tables", async () => {
    const cluster = lab();
    primary(cluster, "moved", "0", 400);
    const owner = ["customer.customer"];
    applyRules(cluster, { customer: owner, "moved.customer": owner, "customer@replica": owner });
    expect(await stories(cluster)).toEqual([]);
  });

  it("a rule of the PRIMARY type, and a table that a rule without a target disables", async () => {
    const cluster = lab();
    applyRules(cluster, { "customer@primary": ["customer.customer"], closed: [] });
    expect(await stories(cluster)).toEqual([]);
  });

  it.each([TabletType.BACKUP, TabletType.DRAINED, TabletType.SPARE])(
    "a tablet that is of type %i for long",
    async (type) => {
      const cluster = lab();
      const tablet = cluster.addTablet({
        alias: { cell: "zone1", uid: 700 },
        keyspace: "customer",
        shard: "0",
      });
      cluster.run(startTablet(cluster, tablet));
      tablet.changeType(type);
      tablet.publish();
      cluster.clock.advance(86_400_000);
      expect((await stories(cluster)).filter((one) => !one.startsWith("info "))).toEqual([]);
    },
  );

  it("a snapshot keyspace that is used, with one of two shards", async () => {
    const cluster = lab();
    cluster.run(createKeyspace(cluster, "snap"));
    const type = { keyspaceType: KeyspaceType.SNAPSHOT, baseKeyspace: "customer" };
    cluster.topology.keyspace("snap").put(create(KeyspaceSchema, type));
    const alias = { cell: "zone1", uid: 800 };
    const tablet = cluster.addTablet({ alias, keyspace: "snap", shard: "-80", dbName: "vt_customer" });
    cluster.run(startTablet(cluster, tablet));
    expect(await stories(cluster)).toEqual([]);
  });

  it("a keyspace that has only a primary", async () => {
    const cluster = lab();
    primary(cluster, "ext_db", "-", 600);
    expect(await stories(cluster)).toEqual([]);
  });

  it("dashes and capitals in the names of keyspaces and tables", async () => {
    const cluster = lab();
    primary(cluster, "my-ks", "-", 600);
    primary(cluster, "UPPER.dot", "0", 601);
    cluster.run(applySchema(cluster, "my-ks", table("Mixed-Case")));
    listTable(cluster, "my-ks", "Mixed-Case");
    rebuild(cluster);
    applyRules(cluster, { "Mixed-Case": ["my-ks.Mixed-Case"] });
    expect(await stories(cluster)).toEqual([]);
  });

  it("a sidecar database of another name", async () => {
    const cluster = lab();
    cluster.run(createKeyspace(cluster, "imp"));
    cluster.topology
      .keyspace("imp")
      .put(create(KeyspaceSchema, { durabilityPolicy: "none", sidecarDbName: "_vt_import" }));
    primary(cluster, "imp", "0", 600);
    expect(await stories(cluster)).toEqual([]);
  });
});

describe("what was reported, and is found as soon as it lasts", () => {
  it("a Materialize reads a table that its source does not have", async () => {
    const cluster = moveOnto((source) =>
      source.replace(/rules:\{match:"customer"[^}]*\}/, 'rules:{match:"gone" filter:"select * from gone"}'),
    );
    expect(await stories(cluster)).toContain("warning confirmed stream-source-table-missing@moved.c2");
  });

  it("a create that failed left streams on some of the targets only", async () => {
    const cluster = lab();
    cluster.tablet("zone1-0000000300").engine.deleteWorkflow("c2");
    expect(await stories(cluster)).toContain("warning confirmed workflow-target-without-stream@customer.c2");
  });
});
