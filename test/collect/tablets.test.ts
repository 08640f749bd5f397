import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { answered, type Outcome, unanswered } from "../../src/cluster/outcome.js";
import { collect } from "../../src/collect/collect.js";
import { ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import {
  SrvVSchemaSchema,
  TableSchema,
  KeyspaceSchema as VSchemaSchema,
} from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { newTable } from "../../src/sim/mysql-data.js";
import { applySchema } from "../../src/sim/native/keyspace.js";
import type { Facts } from "../../src/snapshot/facts.js";
import type { TabletAddress, TabletReader, TabletVars } from "../../src/tablets/access.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { addTablet, alike, around, settingsOf, smallCluster, sourcesOf, TIMEOUT_MS } from "./world.js";

const PRIMARY = "127.0.0.1:16100";
const REPLICA = "127.0.0.1:16101";

/** Channel to "answered" or the reason why not. */
const probesAt = (facts: Facts, address: string): Record<string, string> =>
  Object.fromEntries(
    facts.probe
      .filter((row) => row.address === address)
      .map((row) => [row.channel, row.reason ?? "answered"]),
  );

const scan = (
  cluster: SimCluster,
  changes: Parameters<typeof settingsOf>[1] = {},
  tablets = cluster.reader,
) => collect(sourcesOf(cluster, { tablets }), settingsOf(cluster, changes));

describe("a tablet", () => {
  it("is asked for itself, and a primary for its shard; tables only where they matter", async () => {
    const cluster = smallCluster();
    // A plain one: it serves, and no shard shares its key range.
    addTablet(cluster, "zone1", 300, "0", true, "plain");
    const facts = await scan(cluster);
    const everybody = { health: "answered", vars: "answered", status: "answered", streams: "answered" };
    const onePerShard = {
      ...everybody,
      copyState: "answered",
      postCopyActions: "answered",
      journals: "answered",
      vdiffs: "answered",
      strayRows: "answered",
      migrations: "answered",
      transactions: "answered",
      redos: "answered",
      internalTables: "answered",
      holds: "answered",
    };
    expect(probesAt(facts, "127.0.0.1:16300")).toEqual(onePerShard);
    expect(probesAt(facts, REPLICA)).toEqual(everybody);
    // -80 does not serve, and customer/0 may have taken over from it.
    const withTables = {
      ...onePerShard,
      schema: "answered",
      triggers: "answered",
      queryRules: "answered",
    };
    expect(probesAt(facts, "127.0.0.1:16200")).toEqual(withTables);
    expect(probesAt(facts, PRIMARY)).toEqual(withTables);
  });

  it("gives its tables where a routing rule leads to its keyspace", async () => {
    const cluster = smallCluster();
    addTablet(cluster, "zone1", 300, "0", true, "plain");
    const routingRules = { rules: [{ fromTable: "t", toTables: ["plain.t"] }] };
    cluster.topology.srvVSchema("zone1").put(create(SrvVSchemaSchema, { routingRules }));
    expect(probesAt(await scan(cluster), "127.0.0.1:16300")).toHaveProperty("schema");
  });

  it("tells the rows of its sequences, what it denies, and the sidecar databases of its MySQL", async () => {
    const cluster = smallCluster();
    const plain = addTablet(cluster, "zone1", 300, "0", true, "plain");
    const definition = "CREATE TABLE `s` (`id` int, `next_id` bigint, `cache` bigint, PRIMARY KEY (`id`))";
    const tables = new Map(
      [
        { ...newTable("filled", definition), sequence: { nextId: "1001", cache: "1000" } },
        { ...newTable("empty", definition), sequence: null },
        newTable("ordinary", "CREATE TABLE `ordinary` (`id` int)"),
      ].map((table) => [table.name, table]),
    );
    plain.mysql.data.databases.set("vt_plain", tables);
    plain.deniedTables = ["ordinary"];
    const sequence = create(TableSchema, { type: "sequence" });
    const named = { filled: sequence, empty: sequence, ordinary: sequence };
    cluster.topology.vschema("plain").put(create(VSchemaSchema, { tables: named }));
    const facts = await scan(cluster);
    const address = "127.0.0.1:16300";
    expect(facts.sequence_state).toEqual([
      { address, db_name: "vt_plain", table_name: "filled", next_id: "1001", cache: "1000" },
    ]);
    expect(facts.applied_denial).toEqual([{ address, table_name: "ordinary" }]);
    expect(facts.sidecar_schema).toContainEqual({ address, schema_name: "_vt" });
    expect(probesAt(facts, address)).toMatchObject({ sequences: "answered", queryRules: "answered" });
  });

  it("that shows its rules to nobody leaves no probe of them, and nothing is missing from the scan", async () => {
    const cluster = smallCluster();
    const tablets: TabletReader = {
      ...around(cluster.reader, (_, at, ask) => ask(at)),
      deniedTables: async () => unanswered("denied", "/debug/query_rules answered HTTP 403"),
    };
    expect(probesAt(await scan(cluster, {}, tablets), PRIMARY)).not.toHaveProperty("queryRules");
  });

  it("speaks for its shard as a replica where no primary answers", async () => {
    const cluster = smallCluster();
    cluster.faults.refuse(PRIMARY);
    expect(probesAt(await scan(cluster), REPLICA)).toMatchObject({ journals: "answered" });
  });

  it("gives its tables where the shard record is missing, and everywhere when asked", async () => {
    const cluster = smallCluster();
    expect(probesAt(await scan(cluster, { askTables: true }), PRIMARY)).toHaveProperty("schema");
    cluster.topology.shard("customer", "0").delete();
    expect(probesAt(await scan(cluster), PRIMARY)).toHaveProperty("schema");
  });

  it("that hangs costs one deadline and gets no second question, but its MySQL does", async () => {
    const cluster = smallCluster({ mysqlCredentials: true });
    cluster.faults.hang("zone1-0000000100");
    const before = cluster.clock.now();
    const facts = await scan(cluster);
    expect(cluster.clock.now() - before).toBe(TIMEOUT_MS);
    expect(probesAt(facts, PRIMARY)).toEqual({
      health: "timeout",
      mysqlStatus: "answered",
      mysql: "answered",
    });
    expect(facts.live_tablet.find(({ address }) => address === "mysql://127.0.0.1:27100")).toMatchObject({
      alias: null,
      read_only: 0,
    });
  });

  it("whose MySQL hangs costs one deadline more, and leaves its shard to a replica", async () => {
    const cluster = smallCluster();
    const hung = async <T>(): Promise<Outcome<T>> => {
      await cluster.clock.sleep(TIMEOUT_MS);
      return unanswered("timeout", "no answer");
    };
    const tablets: TabletReader = {
      ...around(cluster.reader, (_, at, ask) => ask(at)),
      status: (at) => (at.grpcPort === 16100 ? hung() : cluster.reader.status(at)),
      rows: (at, read) => (at.grpcPort === 16100 ? hung() : cluster.reader.rows(at, read)),
    };
    const before = cluster.clock.now();
    const facts = await scan(cluster, {}, tablets);
    expect(cluster.clock.now() - before).toBe(TIMEOUT_MS);
    expect(probesAt(facts, PRIMARY)).toEqual({
      health: "answered",
      vars: "answered",
      status: "timeout",
      streams: "timeout",
    });
    expect(probesAt(facts, REPLICA)).toMatchObject({ journals: "answered" });
  });

  it("whose gRPC port is closed still says over HTTP who it is", async () => {
    const cluster = smallCluster();
    cluster.faults.refuse("zone1-0000000100", ["grpc"]);
    const facts = await scan(cluster);
    expect(probesAt(facts, PRIMARY)).toEqual({ health: "unreachable", vars: "answered" });
    expect(facts.live_tablet[0]).toMatchObject({
      alias: "zone1-0000000100",
      serving: null,
      state_name: "SERVING",
    });
  });

  it("that does not know one question answers the others", async () => {
    const cluster = smallCluster();
    const tablets: TabletReader = {
      ...around(cluster.reader, (_, at, ask) => ask(at)),
      rows: async (at, read) =>
        read === "vdiffs" || read === "contents"
          ? unanswered("unsupported", "no table vdiff")
          : cluster.reader.rows(at, read),
    };
    const probes = probesAt(await scan(cluster, {}, tablets), PRIMARY);
    expect(probes).toMatchObject({ vdiffs: "unsupported", journals: "answered", holds: "answered" });
  });

  it("that was started with another topology is noted and asked nothing more", async () => {
    const cluster = smallCluster();
    const clone = (vars: TabletVars): TabletVars => ({ ...vars, topoRoot: "/vitess/staging" });
    const tablets: TabletReader = {
      ...around(cluster.reader, (_, at, ask) => ask(at)),
      vars: async (at) => mapped(at, await cluster.reader.vars(at), clone),
    };
    const facts = await scan(cluster, {}, tablets);
    expect(probesAt(facts, PRIMARY)).toEqual({ health: "answered", vars: "answered" });
    expect(facts.live_tablet[0]).toMatchObject({ alias: "zone1-0000000100", topo_root: "/vitess/staging" });
  });

  it("that spells the global server otherwise is judged by the cluster id, where that can be had", async () => {
    const cluster = smallCluster();
    cluster.server("etcd-staging:2379");
    const spelledAs = async (topoServer: string, reach = sourcesOf(cluster).connect) => {
      const tablets: TabletReader = {
        ...around(cluster.reader, (_, at, ask) => ask(at)),
        vars: async (at) => mapped(at, await cluster.reader.vars(at), (vars) => ({ ...vars, topoServer })),
      };
      const connect = (server: string) => reach(server === "10.0.0.5:2379" ? "etcd-global:2379" : server);
      return collect(sourcesOf(cluster, { tablets, connect }), settingsOf(cluster));
    };
    const staging = await spelledAs("etcd-staging:2379");
    expect(probesAt(staging, PRIMARY)).not.toHaveProperty("streams");
    expect(staging.topo_server.map(({ server }) => server)).toContain("etcd-staging:2379");
    const alikeStaging = await spelledAs("etcd-staging:2379", alike(cluster));
    expect(probesAt(alikeStaging, PRIMARY)).not.toHaveProperty("streams");
    expect(new Set(alikeStaging.topo_server.map(({ cluster_id }) => cluster_id)).size).toBe(2);
    for (const ours of ["10.0.0.5:2379", "private.name:2379", "http://ETCD-global:2379/,other:2379", ""]) {
      expect(probesAt(await spelledAs(ours), PRIMARY)).toHaveProperty("streams");
    }
  });

  it("that answers at the address of another is noted and asked nothing more", async () => {
    const cluster = smallCluster();
    cluster.tablet("zone2-0000000101").kill();
    const unrecorded = addTablet(cluster, "zone1", 900, "0", false);
    cluster.topology.tablet(unrecorded.alias).delete();
    const tablets = around(cluster.reader, (_, at, ask) =>
      ask(at.grpcPort === 16101 ? { ...at, grpcPort: 16900, httpPort: 15900 } : at),
    );
    const facts = await scan(cluster, { historyBudget: 0 }, tablets);
    expect(probesAt(facts, REPLICA)).toEqual({ health: "answered" });
    expect(facts.live_tablet.find(({ address }) => address === REPLICA)?.alias).toBe("zone1-0000000900");
  });

  it("whose HTTP port belongs to another tablet is not taken for that one", async () => {
    const cluster = smallCluster();
    const tablets = around(cluster.reader, (call, at, ask) =>
      ask(call === "vars" && at.httpPort === 15101 ? { ...at, httpPort: 15100 } : at),
    );
    const facts = await scan(cluster, {}, tablets);
    expect(facts.live_tablet.find(({ address }) => address === REPLICA)).toMatchObject({
      alias: "zone2-0000000101",
      state_name: null,
    });
  });
});

describe("a lost cell", () => {
  it("costs a few deadlines, not one for each of its tablets", async () => {
    const cluster = smallCluster();
    for (let uid = 1000; uid < 1200; uid++) {
      addTablet(cluster, "zone2", uid, "0", false);
      cluster.faults.hang(`127.0.0.1:${16_000 + uid}`);
    }
    cluster.faults.hang("zone2-0000000101");
    const before = cluster.clock.now();
    const facts = await scan(cluster);
    expect(cluster.clock.now() - before).toBeLessThanOrEqual(3 * TIMEOUT_MS);
    const silent = facts.probe.filter(({ channel, reason }) => channel === "health" && reason === "timeout");
    expect(silent).toHaveLength(201);
    expect(silent.every(({ required }) => required === 1)).toBe(true);
  });

  it("is not given up while one of its tablets answers", async () => {
    const cluster = smallCluster();
    for (let uid = 1000; uid < 1080; uid++) {
      addTablet(cluster, "zone2", uid, "0", false);
      if (uid < 1070) cluster.faults.hang(`127.0.0.1:${16_000 + uid}`);
    }
    const facts = await scan(cluster, { concurrency: 8 });
    expect(facts.live_tablet).toHaveLength(3 + 10);
  });
});

describe("filters", () => {
  it("ask only the tablets of a keyspace, and those that its streams read", async () => {
    const cluster = smallCluster();
    addTablet(cluster, "zone1", 400, "0", true, "moved");
    addTablet(cluster, "zone1", 500, "0", true, "other");
    const asked = async (keyspaces: readonly string[]) => {
      const facts = await scan(cluster, { keyspaces });
      expect(facts.topo_key.some(({ key }) => key.includes("/keyspaces/other/"))).toBe(true);
      expect(new Set(facts.probe.map(({ address }) => address)).size).toBe(facts.live_tablet.length);
      return facts.live_tablet.map(({ alias }) => alias);
    };
    expect(await asked(["moved"])).toEqual(["zone1-0000000400"]);
    cluster.run(applySchema(cluster, "customer", { t: "create table t (id bigint, primary key (id))" }));
    const move = {
      keyspace: "moved",
      workflow: "m1",
      sourceKeyspace: "customer",
      tables: ["t"],
      cell: "zone1",
    };
    cluster.run(moveTablesCreate(cluster, move));
    expect(await asked(["moved"])).toEqual([
      "zone1-0000000100",
      "zone2-0000000101",
      "zone1-0000000200",
      "zone1-0000000400",
    ]);
  });

  it("leave an etcd alone that serves only other cells", async () => {
    const cluster = smallCluster();
    const facts = await scan(cluster, { cells: ["zone1"] });
    expect(facts.topo_server.map(({ server }) => server)).toEqual(["etcd-global:2379"]);
    expect(facts.live_tablet.map(({ alias }) => alias)).toEqual(["zone1-0000000100", "zone1-0000000200"]);
  });
});

describe("the shard of interest", () => {
  it("is one with denied tables too", async () => {
    const cluster = smallCluster();
    const record = cluster.topology.shard("customer", "0");
    record.put(create(ShardSchema, { isPrimaryServing: true, tabletControls: [{ deniedTables: ["t"] }] }));
    expect(probesAt(await scan(cluster), PRIMARY)).toHaveProperty("schema");
  });
});

const mapped = (
  at: TabletAddress,
  vars: Outcome<TabletVars>,
  change: (vars: TabletVars) => TabletVars,
): Outcome<TabletVars> =>
  vars.kind === "answered" && at.httpPort === 15100 ? answered(change(vars.value)) : vars;
