import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { collect, observeTwice } from "../../src/collect/collect.js";
import { TabletAliasSchema } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { NO_INVENTORY } from "../../src/witnesses/inventory.js";
import { addTablet, around, settingsOf, smallCluster, sourcesOf, TIMEOUT_MS } from "./world.js";

const scan = (
  cluster: SimCluster,
  changes: Parameters<typeof settingsOf>[1] = {},
  tablets = cluster.reader,
) => collect(sourcesOf(cluster, { tablets }), settingsOf(cluster, changes));

/** zone1-100's records vanish; the process runs on. */
const orphaned = (): SimCluster => {
  const cluster = smallCluster();
  cluster.topology.tablet({ cell: "zone1", uid: 100 }).delete();
  return cluster;
};

const sources = (facts: Awaited<ReturnType<typeof scan>>, address: string): readonly string[] =>
  facts.witness
    .filter((row) => row.address === address)
    .map(({ source, required }) => `${source}:${required}`);

describe("an etcd that was put back from an old backup", () => {
  const signs = (facts: Awaited<ReturnType<typeof scan>>) => {
    const snapshot = Snapshot.of(facts);
    const rows = snapshot.all("SELECT sign, detail FROM restored_topology");
    snapshot.close();
    return rows;
  };

  it("is at a lower revision than an earlier snapshot saw", async () => {
    const cluster = smallCluster();
    const ahead = await scan(cluster);
    expect(signs(await scan(cluster, { earlier: [ahead] }))).toEqual([]);
    const [server] = ahead.topo_server;
    const seen = (server?.revision ?? 0) + 5;
    const later = {
      ...ahead,
      topo_server: ahead.topo_server.map((row) => ({
        ...row,
        revision: row === server ? seen : row.revision,
      })),
    };
    expect(signs(await scan(cluster, { earlier: [later, ahead] }))).toEqual([
      {
        sign: "lower-revision",
        detail: `etcd-global:2379 is at revision ${seen - 5}, an earlier snapshot saw ${seen}`,
      },
    ]);
    const elsewhere = { ...later, meta: [{ name: "global_root", value: "/staging/global" }] };
    expect(signs(await scan(cluster, { earlier: [elsewhere] }))).toEqual([]);
  });
});

describe("a tablet without a record", () => {
  it("is found through etcd's history, and its silence is normal", async () => {
    const cluster = orphaned();
    const facts = await scan(cluster);
    expect(facts.live_tablet.map(({ alias }) => alias)).toContain("zone1-0000000100");
    expect(sources(facts, "127.0.0.1:16100")).toEqual(["history:0"]);
    expect(facts.topo_history).toMatchObject([
      { key: "/vitess/zone1/tablets/zone1-0000000100/Tablet", recreated: 0 },
    ]);
    cluster.tablet("zone1-0000000100").kill();
    const later = await scan(cluster);
    expect(later.probe.filter(({ address }) => address === "127.0.0.1:16100")).toMatchObject([
      { channel: "health", reason: "unreachable", required: 0 },
      { channel: "vars", reason: "unreachable", required: 0 },
    ]);
  });

  it("is known at an address that a later record gives to another tablet", async () => {
    const cluster = smallCluster();
    const record = cluster.topology.tablet({ cell: "zone1", uid: 100 });
    const tablet = record.get();
    if (tablet === null) throw new Error("no record");
    record.delete();
    const alias = create(TabletAliasSchema, { cell: "zone1", uid: 300 });
    cluster.topology.tablet(alias).put({ ...tablet, alias });
    const askedThere = async (changes: Parameters<typeof scan>[1]) =>
      (await scan(cluster, changes)).probe
        .filter(({ address, answered }) => address === "127.0.0.1:16100" && answered === 1)
        .map(({ channel }) => channel);
    expect(await askedThere({ historyBudget: 0 })).toEqual(["health"]);
    expect(await askedThere({})).toEqual(expect.arrayContaining(["health", "status", "streams", "vars"]));
  });

  it("is asked where its MySQL listens, which no record tells any more", async () => {
    const cluster = orphaned();
    const { port } = cluster.tablet("zone1-0000000100").mysql;
    const facts = await scan(cluster);
    expect(facts.live_tablet.map(({ alias, mysql_port }) => [alias, mysql_port])).toEqual([
      ["zone1-0000000100", port],
      ["zone2-0000000101", null],
      ["zone1-0000000200", null],
    ]);
  });

  it("is not found when nobody knows of it", async () => {
    const facts = await scan(orphaned(), { historyBudget: 0 });
    expect(facts.live_tablet.map(({ alias }) => alias)).not.toContain("zone1-0000000100");
  });

  it("is found through the inventory, which requires an answer", async () => {
    const inventory = { ...NO_INVENTORY, tablets: [{ host: "127.0.0.1", grpc: 16100, http: 15100 }] };
    const facts = await scan(orphaned(), { historyBudget: 0, inventory });
    expect(facts.live_tablet.map(({ alias }) => alias)).toContain("zone1-0000000100");
    expect(sources(facts, "127.0.0.1:16100")).toEqual(["inventory:1"]);
  });

  it("is found through an earlier snapshot", async () => {
    const cluster = smallCluster();
    const earlier = [await scan(cluster)];
    cluster.topology.tablet({ cell: "zone1", uid: 100 }).delete();
    const facts = await scan(cluster, { historyBudget: 0, earlier });
    expect(facts.live_tablet.find(({ alias }) => alias === "zone1-0000000100")).toMatchObject({
      state_name: "SERVING",
    });
    expect(sources(facts, "127.0.0.1:16100")).toEqual(["snapshot:0"]);
    expect(sources(facts, "127.0.0.1:16200")).toEqual(["snapshot:0", "topology:1"]);
  });

  it("is seen by its MySQL where a replica copies from it", async () => {
    const cluster = smallCluster({ mysqlCredentials: true });
    cluster.topology.tablet({ cell: "zone1", uid: 100 }).delete();
    const facts = await scan(cluster, { historyBudget: 0 });
    expect(sources(facts, "mysql://127.0.0.1:27100")).toEqual(["replica:0"]);
    expect(facts.live_tablet.map(({ address }) => address)).toContain("mysql://127.0.0.1:27100");
  });

  it("is not dialled at all when it was shut down cleanly", async () => {
    const cluster = smallCluster();
    cluster.tablet("zone2-0000000101").stop();
    const facts = await scan(cluster, { historyBudget: 0 });
    expect(facts.witness.map(({ alias }) => alias)).not.toContain("zone2-0000000101");
    expect(facts.probe.some(({ address }) => address.endsWith(":16101"))).toBe(false);
  });
});

describe("history that cannot be read", () => {
  it("is no failure of the scan, but is said", async () => {
    const cluster = orphaned();
    const facts = await scan(cluster, { historyBudget: 3 });
    expect(facts.topo_server).toMatchObject([
      { server: "etcd-global:2379", answered: 1, reason: "budget" },
      { server: "etcd-zone2:2379", answered: 1, reason: "budget" },
    ]);
    const snapshot = Snapshot.of(facts);
    const unanswered = snapshot.all("SELECT domain, subject, required FROM unanswered ORDER BY subject");
    snapshot.close();
    expect(unanswered).toEqual(
      ["global", "zone1", "zone2"].map((subject) => ({ domain: "history", subject, required: 0 })),
    );
  });

  it("has a horizon", async () => {
    const cluster = orphaned();
    const { etcd } = cluster.topology.global;
    etcd.compact(etcd.revision);
    const facts = await scan(cluster);
    expect(facts.topo_server[0]?.horizon).toBe(etcd.revision);
    expect(facts.topo_history).toEqual([]);
  });

  it("of many dead addresses ends within a few deadlines", async () => {
    const cluster = smallCluster();
    const dead = Array.from({ length: 300 }, (_, index) =>
      addTablet(cluster, "zone1", 1000 + index, "0", false),
    );
    for (const tablet of dead) {
      cluster.topology.tablet(tablet.alias).delete();
      cluster.faults.hang(tablet.name);
    }
    const before = cluster.clock.now();
    const facts = await scan(cluster, { historyBudget: 100_000 });
    expect(facts.topo_history.length).toBeGreaterThanOrEqual(300);
    expect(cluster.clock.now() - before).toBeLessThanOrEqual(4 * TIMEOUT_MS);
    expect(facts.probe.filter(({ required }) => required === 0).length).toBeGreaterThanOrEqual(16);
  });
});

describe("addresses", () => {
  it("are those at which the operator says that an alias is reached", async () => {
    const cluster = smallCluster();
    const forwarded = around(cluster.reader, (_, at, ask) =>
      ask(
        at.host === "localhost"
          ? { ...at, host: "127.0.0.1", grpcPort: at.grpcPort - 10_000, httpPort: 0 }
          : at,
      ),
    );
    const overrides = { "zone1-0000000100": { host: "localhost", grpc: 26100 } };
    const facts = await scan(cluster, { inventory: { ...NO_INVENTORY, overrides } }, forwarded);
    expect(sources(facts, "localhost:26100")).toEqual(["topology:1"]);
    expect(facts.live_tablet.find(({ address }) => address === "localhost:26100")?.alias).toBe(
      "zone1-0000000100",
    );
    expect(sources(facts, "127.0.0.1:16100")).toEqual([]);
  });

  it.each([15100, undefined])(
    "of one process, though several, give one process (HTTP port %s)",
    async (http) => {
      const cluster = smallCluster();
      const named = around(cluster.reader, (_, at, ask) => ask({ ...at, host: "127.0.0.1" }));
      const inventory = {
        ...NO_INVENTORY,
        tablets: [{ host: "another.name", grpc: 16100, ...(http && { http }) }],
      };
      const facts = await scan(cluster, { inventory }, named);
      const addresses = facts.live_tablet
        .filter(({ alias }) => alias === "zone1-0000000100")
        .map(({ address }) => address);
      expect(addresses).toEqual(["127.0.0.1:16100"]);
      expect(sources(facts, "another.name:16100")).toEqual(["inventory:1"]);
      expect(facts.probe.some(({ address }) => address === "another.name:16100")).toBe(true);
    },
  );

  it("of two processes with one alias give two", async () => {
    const cluster = smallCluster();
    const clone = cluster.addTablet({
      alias: { cell: "zone1", uid: 100 },
      keyspace: "customer",
      shard: "0",
      grpcPort: 26100,
      vtPort: 25100,
      mysqlPort: 37100,
    });
    clone.begin(cluster.tablet("zone1-0000000100").type, null);
    const inventory = { ...NO_INVENTORY, tablets: [{ host: "127.0.0.1", grpc: 26100, http: 25100 }] };
    const facts = await scan(cluster, { inventory });
    const addresses = facts.live_tablet
      .filter(({ alias }) => alias === "zone1-0000000100")
      .map(({ address }) => address);
    expect(addresses).toEqual(["127.0.0.1:16100", "127.0.0.1:26100"]);
  });
});

describe("two observations", () => {
  it("lie the settling time apart, and the second knows of the first", async () => {
    const cluster = smallCluster();
    const { first, second } = await observeTwice(
      sourcesOf(cluster),
      settingsOf(cluster, { settleMs: 30_000 }),
    );
    const metaOf = (facts: typeof first, name: string) => facts.meta.find((row) => row.name === name)?.value;
    expect(Number(metaOf(second, "taken_at_ms")) - Number(metaOf(first, "taken_at_ms"))).toBe(30_000);
    expect(metaOf(second, "first_seen_at_ms")).toBe(metaOf(first, "taken_at_ms"));
    expect(metaOf(first, "first_seen_at_ms")).toBe(metaOf(first, "taken_at_ms"));
  });
});
