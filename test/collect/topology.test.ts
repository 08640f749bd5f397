import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { IncompleteError, UsageError } from "../../src/cluster/errors.js";
import { unanswered } from "../../src/cluster/outcome.js";
import { collect } from "../../src/collect/collect.js";
import { CellInfoSchema, ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import { cellInfoKey, shardKey } from "../../src/topology/paths.js";
import { encodeCellInfo, encodeShard } from "../../src/topology/records.js";
import type { TopologyReader } from "../../src/topology/store.js";
import { alike, around, settingsOf, smallCluster, sourcesOf } from "./world.js";

const metaOf = (facts: Awaited<ReturnType<typeof collect>>, name: string): string | undefined =>
  facts.meta.find((row) => row.name === name)?.value;

describe("the topology's facts", () => {
  it("are every key under every root, with the revision of each etcd", async () => {
    const cluster = smallCluster();
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(facts.topo_root).toEqual([
      { name: "global", server: "etcd-global:2379", root: "/vitess/global" },
      { name: "zone1", server: "etcd-global:2379", root: "/vitess/zone1" },
      { name: "zone2", server: "etcd-zone2:2379", root: "/vitess/zone2" },
    ]);
    expect(facts.topo_server.map(({ server, answered, revision }) => [server, answered, revision])).toEqual([
      ["etcd-global:2379", 1, cluster.server("etcd-global:2379").revision],
      ["etcd-zone2:2379", 1, cluster.server("etcd-zone2:2379").revision],
    ]);
    const keys = facts.topo_key.map(({ key }) => key);
    expect(keys).toContain("/vitess/global/cells/zone1/CellInfo");
    expect(keys).toContain("/vitess/zone1/tablets/zone1-0000000100/Tablet");
    expect(keys).toContain("/vitess/zone2/tablets/zone2-0000000101/Tablet");
    expect(facts.live_tablet.map(({ alias, type }) => [alias, type])).toEqual([
      ["zone1-0000000100", "PRIMARY"],
      ["zone2-0000000101", "REPLICA"],
      ["zone1-0000000200", "PRIMARY"],
    ]);
  });

  it("say that a cell's etcd did not answer, and conclude nothing from it", async () => {
    const cluster = smallCluster();
    cluster.faults.serverDown("etcd-zone2:2379");
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(facts.topo_server[1]).toMatchObject({
      server: "etcd-zone2:2379",
      answered: 0,
      reason: "unreachable",
    });
    expect(facts.topo_root.map(({ name }) => name)).toEqual(["global", "zone1", "zone2"]);
    expect(facts.live_tablet).toHaveLength(2);
  });

  it.each(["", "not an address"])(
    "take a CellInfo that names %j for a cell that did not answer",
    async (address) => {
      const cluster = smallCluster();
      const { etcd, root } = cluster.topology.global;
      const info = create(CellInfoSchema, { serverAddress: address, root: "/vitess/zone3" });
      etcd.put(cellInfoKey(root, "zone3"), encodeCellInfo(info));
      const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
      expect(facts.topo_server.find(({ server }) => server === address)).toMatchObject({ answered: 0 });
    },
  );

  it("hold one etcd once, however its address is spelled, and no key twice", async () => {
    const cluster = smallCluster();
    const { etcd, root } = cluster.topology.global;
    const spelled = (cell: string, serverAddress: string, cellRoot: string): number =>
      etcd.put(
        cellInfoKey(root, cell),
        encodeCellInfo(create(CellInfoSchema, { serverAddress, root: cellRoot })),
      );
    spelled("zone1", "10.0.0.5:2379", "/vitess/zone1");
    spelled("zone3", "10.0.0.6:2379", "/vitess/global");
    spelled("zone4", "10.0.0.6:2379", "/vitess/zone1/inside/");
    const names = new Map([
      ["10.0.0.5:2379", etcd.server],
      ["10.0.0.6:2379", etcd.server],
    ]);
    const asked: string[] = [];
    const connect = (server: string): TopologyReader => {
      const reader = cluster.connect(names.get(server) ?? server);
      return {
        server,
        status: () => reader.status(),
        range: (request) => {
          if (request.keysOnly !== true) asked.push(request.prefix);
          return reader.range(request);
        },
        get: (key, revision) => reader.get(key, revision),
        lease: (id) => reader.lease(id),
        close: () => reader.close(),
      };
    };
    const facts = await collect(sourcesOf(cluster, { connect }), settingsOf(cluster));
    expect(facts.topo_server.map(({ server }) => server)).toEqual(["etcd-global:2379", "etcd-zone2:2379"]);
    expect(facts.topo_root.filter(({ server }) => server === etcd.server).map(({ name }) => name)).toEqual([
      "global",
      "zone1",
      "zone3",
      "zone4",
    ]);
    expect(asked.sort()).toEqual(["/vitess/global/", "/vitess/zone1/", "/vitess/zone2/"]);
    expect(new Set(facts.topo_key.map(({ key }) => key)).size).toBe(facts.topo_key.length);
  });

  it("keep two etcds apart that were set up alike and share their cluster id", async () => {
    const cluster = smallCluster();
    const facts = await collect(sourcesOf(cluster, { connect: alike(cluster) }), settingsOf(cluster));
    expect(new Set(facts.topo_server.map((row) => row.cluster_id)).size).toBe(1);
    expect(facts.topo_root.map(({ server }) => server)).toEqual([
      "etcd-global:2379",
      "etcd-global:2379",
      "etcd-zone2:2379",
    ]);
    expect(facts.topo_key.map(({ key }) => key)).toContain("/vitess/zone2/tablets/zone2-0000000101/Tablet");
  });

  it("have the leases of locks", async () => {
    const cluster = smallCluster();
    const { etcd } = cluster.topology.global;
    const lease = etcd.grant(120);
    etcd.put(`/vitess/global/keyspaces/customer/locks/${lease}`, Buffer.from("{}"), lease);
    cluster.clock.advance(20_000);
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(facts.topo_lease).toEqual([{ server: etcd.server, lease, ttl: 100, granted_ttl: 120 }]);
  });
});

describe("what moves while the tablets answer", () => {
  it("is taken over in its newer state, and named", async () => {
    const cluster = smallCluster();
    const { etcd, root } = cluster.topology.global;
    const changed = shardKey(root, "customer", "0");
    const removed = shardKey(root, "customer", "-80");
    const added = shardKey(root, "customer", "80-");
    const newer = encodeShard(create(ShardSchema, { isPrimaryServing: false }));
    let once = true;
    const tablets = around(cluster.reader, (_, at, ask) => {
      if (once) {
        etcd.put(changed, newer);
        etcd.put(added, newer);
        etcd.delete(removed);
      }
      once = false;
      return ask(at);
    });
    const facts = await collect(sourcesOf(cluster, { tablets }), settingsOf(cluster));
    const bytesOf = (key: string) => facts.topo_key.find((row) => row.key === key)?.value;
    expect(Buffer.from(bytesOf(changed) ?? [])).toEqual(Buffer.from(newer));
    expect(bytesOf(added)).toBeDefined();
    expect(bytesOf(removed)).toBeUndefined();
    expect(JSON.parse(metaOf(facts, "moved_keys_json") ?? "")).toEqual(
      [changed, removed, added].sort().map((key) => ({ server: etcd.server, key })),
    );
    expect(facts.topo_server[0]?.revision).toBe(etcd.revision);
  });

  it("is nothing in a quiet cluster", async () => {
    const cluster = smallCluster();
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(metaOf(facts, "moved_keys_json")).toBe("[]");
  });

  it("is not known where the etcd has gone silent", async () => {
    const cluster = smallCluster();
    const tablets = around(cluster.reader, (_, at, ask) => {
      cluster.faults.serverDown("etcd-zone2:2379");
      return ask(at);
    });
    const facts = await collect(sourcesOf(cluster, { tablets }), settingsOf(cluster));
    expect(facts.topo_server.map(({ answered }) => answered)).toEqual([1, 0]);
    expect(facts.topo_key.some(({ key }) => key.startsWith("/vitess/zone2/tablets/"))).toBe(true);
  });
});

describe("a topology that cannot be read at all", () => {
  const failure = async (
    change: Parameters<typeof settingsOf>[1],
    connect?: (server: string) => TopologyReader,
  ) => {
    const cluster = smallCluster();
    const sources = sourcesOf(cluster, connect === undefined ? {} : { connect });
    return collect(sources, settingsOf(cluster, change)).then(
      () => new Error("it was read"),
      (error: unknown) => error as Error,
    );
  };

  it("is a wrong root: the message lists the roots that exist", async () => {
    for (const globalRoot of ["/vitess", "/vitess/zone1", "/nothing", "vitess/global"]) {
      const error = await failure({ globalRoot });
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toContain(`--topo-global-root ${globalRoot}:`);
      expect(error.message).toContain("Roots that exist there: /vitess/global.");
    }
  });

  it("is a wrong server: the message names the flag", async () => {
    const error = await failure({ globalServer: "nowhere:2379" });
    expect(error).toBeInstanceOf(IncompleteError);
    expect(error.message).toContain("--topo-global-server-address nowhere:2379");
    const empty = await failure({ globalServer: "etcd-zone2:2379" });
    expect(empty).toBeInstanceOf(UsageError);
  });

  it("is something else than etcd: the message says so", async () => {
    const silent = async () => unanswered("unsupported", "unknown service etcdserverpb.Maintenance");
    const error = await failure({}, (server) => ({
      server,
      status: silent,
      range: silent,
      get: silent,
      lease: silent,
      close: () => undefined,
    }));
    expect(error).toBeInstanceOf(IncompleteError);
    expect(error.message).toContain("not an etcd server");
  });

  it("is an unknown keyspace or cell in a filter", async () => {
    const keyspace = await failure({ keyspaces: ["customr"] });
    expect(keyspace).toBeInstanceOf(UsageError);
    expect(keyspace.message).toContain(
      '--keyspace customr: the topology has no such name; it has customer. Did you mean "customer"?',
    );
    const cell = await failure({ cells: ["zone9"] });
    expect(cell.message).toContain("--cell zone9: the topology has no such name; it has zone1, zone2.");
  });
});
