import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/cluster/errors.js";
import { CellInfoSchema, ShardSchema, TabletSchema } from "../../src/proto/gen/topodata_pb.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import {
  aDeletion,
  aLiveTablet,
  aProbe,
  aTopoKey,
  aTopology,
  aWitness,
  ETCD,
  encoded,
  NOW,
} from "./make-facts.js";

const seen = <T>(parts: Partial<Facts>, sql: string): readonly T[] => {
  const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), ...parts });
  const rows = snapshot.all<T>(sql);
  snapshot.close();
  return rows;
};

const failed = { answered: 0, reason: "timeout", message: "no answer in 5 s" };

describe("what did not answer", () => {
  test("servers, by what they hold, and history without making the scan incomplete", () => {
    const row = { cluster_id: null, version: null, revision: null, horizon: null };
    const parts = {
      topo_server: [
        { server: ETCD, ...row, answered: 1, reason: "compacted", message: "history was not read" },
        { server: "b", ...row, ...failed },
      ],
      topo_root: [
        { name: "global", server: ETCD, root: "/vitess/global" },
        { name: "zone1", server: ETCD, root: "/vitess/zone1" },
        { name: "zone2", server: "b", root: "/vitess/zone2" },
      ],
    };
    expect(
      seen(parts, "SELECT domain, subject, cell, reason, required FROM unanswered ORDER BY domain, subject"),
    ).toEqual([
      { domain: "cell", subject: "zone2", cell: "zone2", reason: "timeout", required: 1 },
      { domain: "history", subject: "global", cell: "", reason: "compacted", required: 0 },
      { domain: "history", subject: "zone1", cell: "zone1", reason: "compacted", required: 0 },
    ]);
  });

  test("the global topology itself", () => {
    const topo_server = aTopology().topo_server.map((row) => ({ ...row, ...failed }));
    expect(seen({ topo_server }, "SELECT domain, subject FROM unanswered ORDER BY domain")).toEqual([
      { domain: "cell", subject: "zone1" },
      { domain: "topology", subject: "global" },
    ]);
  });

  test("a dead tablet, with what its record says of it", () => {
    const record = encoded(TabletSchema, {
      alias: { cell: "zone1", uid: 200 },
      hostname: "host-a",
      portMap: { grpc: 16200 },
      keyspace: "customer",
      shard: "-80",
    });
    const parts = {
      topo_key: [aTopoKey("/vitess/zone1/tablets/zone1-0000000200/Tablet", record)],
      probe: [aProbe("host-a:16200", "vars", failed), aProbe("host-a:16200", "health", failed)],
    };
    expect(seen(parts, "SELECT * FROM unanswered")).toEqual([
      {
        domain: "tablet",
        subject: "host-a:16200",
        cell: "zone1",
        keyspace: "customer",
        shard: "-80",
        alias: "zone1-0000000200",
        reason: "timeout",
        message: "health: no answer in 5 s",
        required: 1,
      },
    ]);
  });

  test("parts of a tablet, each in its domain; what its version lacks is not missed", () => {
    const at = "host-x:16200";
    const parts = {
      witness: [aWitness({ address: at, alias: "zone1-0000000300" })],
      live_tablet: [aLiveTablet({ address: at, alias: "zone1-0000000300", shard: "80-" })],
      probe: [
        aProbe(at, "health"),
        aProbe(at, "journals", { ...failed, reason: "denied" }),
        aProbe(at, "vdiffs", { ...failed, reason: "unsupported" }),
        aProbe(at, "schema", { ...failed, reason: "unsupported" }),
        aProbe(at, "mysqlStatus", { ...failed, required: 0 }),
      ],
    };
    expect(seen(parts, "SELECT domain, shard, reason, required FROM unanswered ORDER BY domain")).toEqual([
      { domain: "mysql", shard: "80-", reason: "timeout", required: 0 },
      { domain: "schema", shard: "80-", reason: "unsupported", required: 0 },
      { domain: "sidecar", shard: "80-", reason: "denied", required: 1 },
    ]);
  });
});

describe("signs of an etcd that was put back from an older backup (docs/decisions.md#d8)", () => {
  const cell = aTopoKey("/vitess/global/cells/zone1/CellInfo", encoded(CellInfoSchema, {}));
  const shardName = (index: number) =>
    `${index.toString(16).padStart(2, "0")}-${(index + 1).toString(16).padStart(2, "0")}`;
  const primaries = (count: number, rest = {}) =>
    Array.from({ length: count }, (_, index) =>
      aLiveTablet({
        address: `h:${index}`,
        alias: `zone1-${String(index).padStart(10, "0")}`,
        shard: shardName(index),
        ...rest,
      }),
    );
  const shardKey = (index: number, term: number) =>
    aTopoKey(
      `/vitess/global/keyspaces/customer/shards/${shardName(index)}/Shard`,
      encoded(ShardSchema, { primaryTermStartTime: { seconds: BigInt(term) } }),
    );
  const signs = (parts: Partial<Facts>): readonly string[] =>
    seen<{ sign: string }>(
      { topo_key: [cell], ...parts },
      "SELECT sign FROM restored_topology ORDER BY sign",
    ).map(({ sign }) => sign);

  test("more than three shards run without records", () => {
    expect(signs({ live_tablet: primaries(3) })).toEqual([]);
    expect(signs({ live_tablet: primaries(4) })).toEqual(["records-missing"]);
  });

  test("more than ten tablets of one shard run without records", () => {
    expect(signs({ live_tablet: primaries(10, { shard: "0" }) })).toEqual([]);
    expect(signs({ live_tablet: primaries(11, { shard: "0" }) })).toEqual(["records-missing"]);
  });

  test("a cancel of many shards that history shows is none", () => {
    const topo_history = primaries(8).flatMap(({ alias, shard }, index) => [
      aDeletion(`/vitess/zone1/tablets/${alias}/Tablet`, new Uint8Array(), 50 + index),
      aDeletion(`/vitess/global/keyspaces/customer/shards/${shard}/Shard`, new Uint8Array(), 70 + index),
    ]);
    expect(signs({ live_tablet: primaries(8), topo_history })).toEqual([]);
  });

  test("another cluster's tablets are none", () => {
    expect(signs({ live_tablet: primaries(20, { topo_root: "/other" }) })).toEqual([]);
  });

  test("primaries of three shards have terms that no Shard record knows, and had time to write them", () => {
    const topo_key = [cell, ...[0, 1, 2].map((index) => shardKey(index, NOW - 90_000))];
    expect(signs({ topo_key, live_tablet: primaries(3, { term_start: NOW - 3600 }) })).toEqual([
      "newer-primary-terms",
    ]);
    expect(signs({ topo_key, live_tablet: primaries(2, { term_start: NOW - 3600 }) })).toEqual([]);
    expect(signs({ topo_key, live_tablet: primaries(3, { term_start: NOW - 10 }) })).toEqual([]);
    expect(signs({ topo_key, live_tablet: primaries(3, { term_start: NOW - 90_000 }) })).toEqual([]);
  });

  test("a Shard record that never saw a primary proves nothing", () => {
    const name = (index: number) => `/vitess/global/keyspaces/customer/shards/${shardName(index)}/Shard`;
    const topo_key = [cell, ...[0, 1, 2].map((index) => aTopoKey(name(index), encoded(ShardSchema, {})))];
    expect(signs({ topo_key, live_tablet: primaries(3) })).toEqual([]);
  });

  test("a server is at a lower revision than an earlier snapshot saw", () => {
    const meta = (revision: number) => [
      ...aTopology().meta,
      { name: "earlier_revisions_json", value: JSON.stringify({ [ETCD]: revision }) },
    ];
    expect(signs({ meta: meta(1001) })).toEqual(["lower-revision"]);
    expect(signs({ meta: meta(1000) })).toEqual([]);
  });

  test.each(["", "[]", "7", '{"etcd:2379":"7"}', '{"etcd:2379":-1}'])(
    "earlier revisions of %j are refused",
    (value) => {
      const meta = [...aTopology().meta, { name: "earlier_revisions_json", value }];
      expect(() => signs({ meta })).toThrow(UsageError);
    },
  );
});
