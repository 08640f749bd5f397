import { describe, expect, test } from "vitest";
import {
  ExternalVitessClusterSchema,
  KeyspaceSchema,
  ShardReplicationSchema,
  ShardSchema,
  SrvKeyspaceSchema,
  TabletSchema,
} from "../../src/proto/gen/topodata_pb.js";
import { emptyFacts } from "../../src/snapshot/facts.js";
import type { TopoKeyRow } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aTopoKey, aTopology, encoded } from "./make-facts.js";

const G = "/vitess/global";
const C = "/vitess/zone1";
const KEYSPACE = aTopoKey(`${G}/keyspaces/k/Keyspace`, encoded(KeyspaceSchema, {}));

const asked = (keys: readonly TopoKeyRow[], query: string): readonly object[] => {
  const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), topo_key: keys });
  const rows = snapshot.all<object>(query);
  snapshot.close();
  return rows;
};

const strays = (...keys: readonly string[]): readonly object[] =>
  asked(
    keys.map((key) => aTopoKey(key, "?")),
    "SELECT key, root, how, looks_like, belongs, directory FROM stray_key ORDER BY key",
  );

describe("keys that are no record where they are", () => {
  test.each<[string, string, object]>([
    [
      "a directory twice",
      `${G}/keyspaces/a/a/Keyspace`,
      {
        how: "too-deep",
        looks_like: "keyspace",
        belongs: `${G}/keyspaces/a/Keyspace`,
        directory: `${G}/keyspaces/a/a`,
      },
    ],
    [
      "a whole topology below a root",
      `${G}/vitess/global/keyspaces/a/shards/0/Shard`,
      {
        how: "too-deep",
        looks_like: "shard",
        belongs: `${G}/keyspaces/a/shards/0/Shard`,
        directory: `${G}/vitess/global`,
      },
    ],
    [
      "a record of the global topology in a cell",
      `${C}/keyspaces/a/Keyspace`,
      { root: "zone1", how: "wrong-root", looks_like: "keyspace", belongs: `${G}/keyspaces/a/Keyspace` },
    ],
    [
      "a record of some cell in the global topology",
      `${G}/tablets/zone1-0000000100/Tablet`,
      { root: "global", how: "wrong-root", looks_like: "tablet", belongs: null },
    ],
    [
      "nothing of Vitess's",
      `${G}/backup/of/monday`,
      { how: "other", looks_like: "", belongs: null, directory: `${G}/backup` },
    ],
    [
      "nothing of Vitess's in a directory of Vitess's",
      `${G}/keyspaces/a/notes`,
      { how: "other", directory: `${G}/keyspaces/a` },
    ],
    [
      "a Tablet whose directory is no alias as Vitess writes it",
      `${C}/tablets/zone1-100/Tablet`,
      { how: "other", directory: `${C}/tablets/zone1-100` },
    ],
  ])("%s", (_, key, told) => {
    expect(strays(key)).toEqual([expect.objectContaining({ key, ...told })]);
  });

  test("those that Vitess writes are none", () => {
    expect(
      strays(
        `${G}/keyspaces/a/Keyspace`,
        `${G}/metadata/vitess/global/keyspaces/a/Keyspace`,
        `${G}/internal/named_locks/a/w/locks/7`,
        `${C}/tablets/zone1-0000000100/Tablet`,
      ),
    ).toEqual([]);
  });
});

describe("directories without their record", () => {
  const listed = (...keys: readonly TopoKeyRow[]): readonly object[] =>
    asked(keys, "SELECT root, keyspace, shard, keys, leased, kinds_json FROM unrecorded_directory");

  test("of a keyspace and of a shard in the global topology, with what is left in them", () => {
    expect(
      listed(
        KEYSPACE,
        aTopoKey(`${G}/keyspaces/gone/VSchema`, ""),
        aTopoKey(`${G}/keyspaces/k/shards/-80/locks/7`, "", { lease: "7" }),
      ),
    ).toEqual([
      { root: "global", keyspace: "gone", shard: "", keys: 1, leased: 0, kinds_json: '["vschema"]' },
      { root: "global", keyspace: "k", shard: "-80", keys: 0, leased: 1, kinds_json: "[]" },
    ]);
  });

  test("of a cell, by the records of the global topology", () => {
    expect(
      listed(
        KEYSPACE,
        aTopoKey(`${C}/keyspaces/k/SrvKeyspace`, ""),
        aTopoKey(`${C}/keyspaces/k/shards/0/ShardReplication`, ""),
      ),
    ).toEqual([
      { root: "zone1", keyspace: "k", shard: "0", keys: 1, leased: 0, kinds_json: '["shard-replication"]' },
    ]);
  });

  test("are not told where the record is there and nobody can decode it", () => {
    const undecodable = aTopoKey(`${G}/keyspaces/k/Keyspace`, Uint8Array.of(0xff));
    expect(listed(undecodable, aTopoKey(`${C}/keyspaces/k/SrvKeyspace`, ""))).toEqual([]);
  });
});

test("the throttler's settings compare as text, whatever the order of their maps", () => {
  const apps = (...names: readonly string[]) => ({
    throttlerConfig: {
      enabled: true,
      throttledApps: Object.fromEntries(
        names.map((name) => [name, { name, ratio: 1, expiresAt: { seconds: 9n } }]),
      ),
    },
  });
  const keys = [
    aTopoKey(`${G}/keyspaces/k/Keyspace`, encoded(KeyspaceSchema, apps("a", "b"))),
    aTopoKey(`${C}/keyspaces/k/SrvKeyspace`, encoded(SrvKeyspaceSchema, apps("b", "a"))),
  ];
  expect(
    asked(
      keys,
      "SELECT k.throttler_json = s.throttler_json AS same FROM keyspace k JOIN srv_keyspace s USING (keyspace)",
    ),
  ).toEqual([{ same: 1 }]);
  expect(asked(keys, "SELECT app, ratio, expires_at FROM throttled_app")).toEqual([
    { app: "a", ratio: 1, expires_at: 9 },
    { app: "b", ratio: 1, expires_at: 9 },
  ]);
});

test("a range that is not that of the shard's name is told of Shard and Tablet records", () => {
  const shard = `${G}/keyspaces/k/shards/-80`;
  const range = (end: number) => ({ keyRange: { start: new Uint8Array(), end: Uint8Array.of(end) } });
  const tablet = (uid: string, end: number) =>
    aTopoKey(
      `${C}/tablets/zone1-${uid}/Tablet`,
      encoded(TabletSchema, { keyspace: "k", shard: "-80", ...range(end) }),
    );
  expect(
    asked(
      [
        aTopoKey(`${shard}/Shard`, encoded(ShardSchema, range(0x40))),
        aTopoKey(`${G}/keyspaces/k/shards/80-/Shard`, encoded(ShardSchema, {})),
        tablet("0000000001", 0xc0),
        tablet("0000000002", 0x80),
      ],
      "SELECT record, shard, alias, recorded, named FROM range_mismatch",
    ),
  ).toEqual([
    { record: "shard", shard: "-80", alias: "", recorded: "-40", named: "-80" },
    { record: "tablet", shard: "-80", alias: "zone1-0000000001", recorded: "-c0", named: "-80" },
  ]);
});

test("sources of a shard, mounted clusters, and tablets that are listed twice", () => {
  const node = { tabletAlias: { cell: "zone1", uid: 1 } };
  const keys = [
    aTopoKey(
      `${G}/keyspaces/k/shards/0/Shard`,
      encoded(ShardSchema, { sourceShards: [{ uid: 3, keyspace: "old", shard: "-80" }] }),
    ),
    aTopoKey(
      `${G}/ExternalClusters/vitess/ext`,
      encoded(ExternalVitessClusterSchema, { topoConfig: { topoType: "etcd2", server: "e:1", root: "/r" } }),
    ),
    aTopoKey(
      `${C}/keyspaces/k/shards/0/ShardReplication`,
      encoded(ShardReplicationSchema, { nodes: [node, node] }),
    ),
  ];
  expect(asked(keys, "SELECT shard, uid, source_keyspace, source_shard FROM source_shard")).toEqual([
    { shard: "0", uid: 3, source_keyspace: "old", source_shard: "-80" },
  ]);
  expect(asked(keys, "SELECT name, topo_type, server, root FROM external_cluster")).toEqual([
    { name: "ext", topo_type: "etcd2", server: "e:1", root: "/r" },
  ]);
  expect(asked(keys, "SELECT alias, listed FROM shard_replication")).toEqual([
    { alias: "zone1-0000000001", listed: 2 },
  ]);
});
