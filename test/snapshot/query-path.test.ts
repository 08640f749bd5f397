import { describe, expect, test } from "vitest";
import {
  CellInfoSchema,
  CellsAliasSchema,
  KeyspaceSchema,
  ShardSchema,
  SrvKeyspaceSchema,
  TabletSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import { SrvVSchemaSchema } from "../../src/proto/gen/vschema_pb.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aLiveTablet, aProbe, aTopoKey, aTopology, ETCD, encoded } from "./make-facts.js";

type VSchema = NonNullable<Parameters<typeof encoded<typeof SrvVSchemaSchema>>[1]["keyspaces"]>;
type SrvVSchema = Parameters<typeof encoded<typeof SrvVSchemaSchema>>[1];

interface Place {
  readonly keyspace: string;
  readonly shard: string;
  /** Cell -> types of its tablets there; a type in lower case is one that was stopped. */
  readonly tablets: Readonly<Record<string, readonly string[]>>;
  /** Null: nobody asked for them. */
  readonly tables?: readonly string[] | null;
}

interface World {
  readonly cells?: readonly string[];
  readonly alias?: readonly string[];
  readonly vschema: SrvVSchema;
  readonly places: readonly Place[];
  readonly meta?: Facts["meta"];
}

const factsOf = ({ cells = ["zone1"], alias, vschema, places, meta = [] }: World): Facts => {
  const tablets = places.flatMap(({ keyspace, shard, tablets: types, tables = null }) =>
    Object.entries(types).flatMap(([cell, list]) =>
      list.map((given) => ({ keyspace, shard, cell, given, tables })),
    ),
  );
  const numbered = tablets.map((tablet, uid) => ({
    ...tablet,
    uid,
    type: tablet.given.toUpperCase(),
    stopped: tablet.given === tablet.given.toLowerCase(),
    alias: `${tablet.cell}-${String(uid).padStart(10, "0")}`,
    address: `h${uid}:1`,
  }));
  const live = numbered.filter(({ stopped }) => !stopped);
  const keyspaces = [...new Set(places.map(({ keyspace }) => keyspace))];
  const topology = aTopology();
  return {
    ...emptyFacts(),
    ...topology,
    meta: [...topology.meta, ...meta],
    topo_root: [
      { name: "global", server: ETCD, root: "/vitess/global" },
      ...cells.map((cell) => ({ name: cell, server: ETCD, root: `/vitess/${cell}` })),
    ],
    topo_key: [
      ...(alias === undefined
        ? []
        : [
            aTopoKey(
              "/vitess/global/cells_aliases/all/CellsAlias",
              encoded(CellsAliasSchema, { cells: [...alias] }),
            ),
          ]),
      ...keyspaces.map((name) =>
        aTopoKey(`/vitess/global/keyspaces/${name}/Keyspace`, encoded(KeyspaceSchema, {})),
      ),
      ...places.map(({ keyspace, shard }) =>
        aTopoKey(
          `/vitess/global/keyspaces/${keyspace}/shards/${shard}/Shard`,
          encoded(ShardSchema, { isPrimaryServing: true }),
        ),
      ),
      ...numbered.map(({ keyspace, shard, cell, alias: name, uid, type, stopped }) =>
        aTopoKey(
          `/vitess/${cell}/tablets/${name}/Tablet`,
          encoded(TabletSchema, {
            ...(stopped ? {} : { hostname: `h${uid}`, portMap: { grpc: 1 } }),
            ...{ keyspace, shard, type: TabletType[type as "PRIMARY"] },
          }),
        ),
      ),
      ...cells.flatMap((cell) => [
        aTopoKey(`/vitess/global/cells/${cell}/CellInfo`, encoded(CellInfoSchema, {})),
        aTopoKey(`/vitess/${cell}/SrvVSchema`, encoded(SrvVSchemaSchema, vschema)),
        ...keyspaces.map((keyspace) =>
          aTopoKey(
            `/vitess/${cell}/keyspaces/${keyspace}/SrvKeyspace`,
            encoded(SrvKeyspaceSchema, {
              partitions: [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY].map((servedType) => ({
                servedType,
                shardReferences: places
                  .filter((place) => place.keyspace === keyspace)
                  .map(({ shard }) => ({ name: shard })),
              })),
            }),
          ),
        ),
      ]),
    ],
    live_tablet: live.map(({ address, alias: name, keyspace, shard, type }) =>
      aLiveTablet({ address, alias: name, keyspace, shard, type, state_name: "SERVING" }),
    ),
    probe: live.flatMap(({ address, tables, type }) => [
      aProbe(address, "health"),
      ...(tables !== null && type === "PRIMARY" ? [aProbe(address, "schema")] : []),
    ]),
    live_table: live.flatMap(({ address, keyspace, tables, type }) =>
      (type === "PRIMARY" ? (tables ?? []) : []).map((table_name) => ({
        ...{ address, db_name: `vt_${keyspace}`, table_name, table_type: "BASE TABLE" },
        ...{ definition: "", data_length: 0, row_count: 0 },
      })),
    ),
  };
};

/** `name type cell: verdict reason keyspace.table` of every name. */
const paths = (world: World, where = "1"): readonly string[] => {
  const snapshot = Snapshot.of(factsOf(world));
  const rows = snapshot.all<{ text: string }>(
    `SELECT name || ' ' || tablet_type || ' ' || cell || ': ' || verdict || ' ' || reason || ' ' || keyspace || '.' || table_name AS text
     FROM query_name WHERE ${where} ORDER BY name, tablet_type, cell`,
  );
  snapshot.close();
  return rows.map(({ text }) => text);
};

const EVERYWHERE = { zone1: ["PRIMARY", "REPLICA", "RDONLY"] };
const home = (keyspace: string, tables: readonly string[] | null = ["t"], shard = "0"): Place => ({
  ...{ keyspace, shard, tables, tablets: EVERYWHERE },
});
const WRITES = "tablet_type = 'PRIMARY'";

describe("where a name leads", () => {
  const two: VSchema = { a: { tables: { t: {} } }, b: {} };

  test("without rules: to the one keyspace that has it, with the keyspace's name and without", () => {
    expect(paths({ vschema: { keyspaces: two }, places: [home("a"), home("b", ["u"])] }, WRITES)).toEqual([
      "a.t PRIMARY zone1: served  a.t",
      "b.u PRIMARY zone1: served  b.u",
      "t PRIMARY zone1: served  a.t",
      "u PRIMARY zone1: served  b.u",
    ]);
  });

  test("the tables that Vitess makes for itself are no names", () => {
    const internal = ["_vt_hld_6ace8bcef73211ea87e9f875a4d24e90_20200915120410_", "_6ace8bce_20200915_vrepl"];
    expect(paths({ vschema: { keyspaces: two }, places: [home("a"), home("b", internal)] }, WRITES)).toEqual([
      "a.t PRIMARY zone1: served  a.t",
      "t PRIMARY zone1: served  a.t",
    ]);
  });

  test("a rule of the tablet type goes before one without, and a target is looked up again", () => {
    const rules = [
      { fromTable: "t@replica", toTables: ["b.t"] },
      { fromTable: "t", toTables: ["a.t"] },
      { fromTable: "x", toTables: ["a.x"] },
      { fromTable: "a.x", toTables: ["b.t"] },
    ];
    const world = {
      vschema: { keyspaces: two, routingRules: { rules } },
      places: [home("a"), home("b")],
    };
    expect(paths(world, "name IN ('t', 'x') AND tablet_type <> 'RDONLY'")).toEqual([
      "t PRIMARY zone1: served  a.t",
      "t REPLICA zone1: served  b.t",
      "x PRIMARY zone1: served  b.t",
      "x REPLICA zone1: served  b.t",
    ]);
  });

  test("two rules for one name are refused, as two targets are", () => {
    const rules = [
      { fromTable: "t", toTables: ["a.t"] },
      { fromTable: "t", toTables: ["a.t"] },
    ];
    const world = { vschema: { keyspaces: two, routingRules: { rules } }, places: [home("a"), home("b")] };
    expect(paths(world, `${WRITES} AND name = 't'`)).toEqual(["t PRIMARY zone1: unserved rule-targets ."]);
  });

  test("the only keyspace is everybody's default", () => {
    const rules = [{ fromTable: "a.t", toTables: ["a.u"] }];
    const world = {
      vschema: { keyspaces: { a: {} }, routingRules: { rules } },
      places: [home("a", ["t", "u"])],
    };
    expect(paths(world, `${WRITES} AND name = 't'`)).toEqual(["t PRIMARY zone1: served  a.u"]);
  });

  test("keyspace routing rules, of the type first", () => {
    const rules = [
      { fromKeyspace: "a", toKeyspace: "b" },
      { fromKeyspace: "a@rdonly", toKeyspace: "a" },
    ];
    const world = {
      vschema: { keyspaces: two, keyspaceRoutingRules: { rules } },
      places: [home("a"), home("b")],
    };
    expect(paths(world, "name = 'a.t'")).toEqual([
      "a.t PRIMARY zone1: served  b.t",
      "a.t RDONLY zone1: served  a.t",
      "a.t REPLICA zone1: served  b.t",
    ]);
  });

  test("shard routing rules change the keyspace of one shard", () => {
    const sharded = { sharded: true, tables: { t: {} } };
    const vschema = {
      keyspaces: { a: sharded, b: sharded },
      shardRoutingRules: { rules: [{ fromKeyspace: "a", shard: "80-", toKeyspace: "b" }] },
    };
    const places = [home("a", ["t"], "-80"), home("a", [], "80-"), home("b", ["t"], "80-")];
    expect(paths({ vschema, places }, `${WRITES} AND name = 'a.t'`)).toEqual([
      "a.t PRIMARY zone1: served  a.t",
    ]);
  });
});

describe("whether it is served", () => {
  const vschema: SrvVSchema = { keyspaces: { a: { tables: { t: {} } } } };
  const of = (tablets: Place["tablets"], more: Partial<World> = {}) =>
    paths(
      { cells: ["zone1", "zone2"], vschema, places: [{ ...home("a"), tablets }], ...more },
      "name = 'a.t' AND tablet_type <> 'RDONLY'",
    );

  test("a primary of any cell, a replica of the own one only", () => {
    expect(of({ zone1: ["PRIMARY"], zone2: ["REPLICA"] })).toEqual([
      "a.t PRIMARY zone1: served  a.t",
      "a.t PRIMARY zone2: served  a.t",
      "a.t REPLICA zone1: unserved tablet-none a.t",
      "a.t REPLICA zone2: served  a.t",
    ]);
  });

  test("or of a cell with the same alias", () => {
    expect(of({ zone1: ["PRIMARY"], zone2: ["REPLICA"] }, { alias: ["zone1", "zone2"] })).toContain(
      "a.t REPLICA zone1: served  a.t",
    );
  });

  test("a stopped tablet serves nobody", () => {
    expect(of({ zone1: ["primary"], zone2: ["replica"] })).toEqual([
      "a.t PRIMARY zone1: unserved tablet-stopped a.t",
      "a.t PRIMARY zone2: unserved tablet-stopped a.t",
      "a.t REPLICA zone1: unserved tablet-none a.t",
      "a.t REPLICA zone2: unserved tablet-stopped a.t",
    ]);
  });

  test("what was not read is unknown: tables, a keyspace that the scan leaves out", () => {
    expect(paths({ vschema, places: [home("a", null)] }, `${WRITES} AND name = 'a.t'`)).toEqual([
      "a.t PRIMARY zone1: unknown schema-unread a.t",
    ]);
    const rules = [{ fromTable: "t", toTables: ["b.t"] }];
    const left: World = {
      vschema: { keyspaces: { a: {}, b: {} }, routingRules: { rules } },
      places: [home("a")],
      meta: [{ name: "keyspaces_json", value: '["a"]' }],
    };
    expect(paths(left, `${WRITES} AND name = 't'`)).toEqual(["t PRIMARY zone1: unknown keyspace-unread b.t"]);
  });

  test("a keyspace of which no table is known has a row all the same", () => {
    const snapshot = Snapshot.of(
      factsOf({
        vschema: { keyspaces: { a: {} } },
        places: [{ ...home("a", null), tablets: { zone1: ["primary"] } }],
      }),
    );
    expect(
      snapshot.all("SELECT keyspace, names, verdict, reason FROM query_path WHERE tablet_type = 'PRIMARY'"),
    ).toEqual([{ keyspace: "a", names: 0, verdict: "unserved", reason: "tablet-stopped" }]);
    snapshot.close();
  });
});

/** The time limit of a test is what this would break where each name were compared with each shard. */
test("10,000 tables in 1,000 shards are a few rows, also where tables and tablets are missing", () => {
  const hex = (place: number): string =>
    place === 0 || place === 1000 ? "" : (place * 65).toString(16).padStart(4, "0");
  const names = Array.from({ length: 10_000 }, (_, at) => `t${at}`);
  const tables = Object.fromEntries(names.map((name) => [name, {}]));
  const places = Array.from(
    { length: 1000 },
    (_, at): Place => ({
      keyspace: "large",
      shard: `${hex(at)}-${hex(at + 1)}`,
      tablets: { zone1: ["PRIMARY", at === 7 ? "replica" : "REPLICA"] },
      // Facts of 10 shards are as many as a scan has that reads the tables of a Reshard's shards.
      tables: at < 10 ? names.slice(at === 3 ? 1 : 0) : null,
    }),
  );
  const facts = factsOf({ vschema: { keyspaces: { large: { sharded: true, tables }, other: {} } }, places });
  const started = performance.now();
  const snapshot = Snapshot.of(facts);
  expect(performance.now() - started).toBeLessThan(60_000);
  expect(
    snapshot.all(
      "SELECT tablet_type AS type, verdict, reason, names, json_array_length(shards_json) AS shards FROM query_path WHERE keyspace = 'large'",
    ),
  ).toEqual([
    { type: "PRIMARY", verdict: "unserved", reason: "table-missing", names: 2, shards: 1 },
    { type: "PRIMARY", verdict: "unknown", reason: "schema-unread", names: 19_998, shards: 990 },
    { type: "RDONLY", verdict: "unserved", reason: "tablet-none", names: 20_000, shards: 1000 },
    { type: "REPLICA", verdict: "unserved", reason: "tablet-stopped", names: 20_000, shards: 1 },
  ]);
  snapshot.close();
});
