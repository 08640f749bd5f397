import { describe, expect, test } from "vitest";
import { ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import {
  KeyspaceRoutingRulesSchema,
  RoutingRulesSchema,
  ShardRoutingRulesSchema,
} from "../../src/proto/gen/vschema_pb.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import type { TopoKeyRow, VreplicationRow } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aLiveTablet, aProbe, aStream, aTopoKey, aTopology, encoded } from "./make-facts.js";

const G = "/vitess/global";
const SHARDS = [
  ["src", "-80"],
  ["src", "80-"],
  ["tgt", "-80"],
  ["tgt", "80-"],
] as const;

const address = (keyspace: string, shard: string) => `${keyspace}${shard}:1`;
const shardKey = ([keyspace, shard]: readonly [string, string]) =>
  aTopoKey(
    `${G}/keyspaces/${keyspace}/shards/${shard}/Shard`,
    encoded(ShardSchema, { isPrimaryServing: true }),
  );

/** MoveTables m of table t from src to tgt, shard by shard, not switched. */
const forward = (shard: string, rest: Partial<VreplicationRow> = {}): VreplicationRow =>
  aStream({
    address: address("tgt", shard),
    id: 1,
    workflow: "m",
    source: `keyspace:"src" shard:"${shard}" filter:{rules:{match:"t" filter:"select * from t"}}`,
    ...rest,
  });
const reverse = (rest: Partial<VreplicationRow> = {}): VreplicationRow =>
  aStream({
    address: address("src", "-80"),
    id: 9,
    workflow: "m_reverse",
    source: 'keyspace:"tgt" shard:"-80" filter:{rules:{match:"t"}}',
    ...rest,
  });

interface State {
  readonly streams?: readonly VreplicationRow[];
  readonly keys?: readonly TopoKeyRow[];
  readonly silent?: boolean;
  readonly shards?: readonly (readonly [string, string])[];
}

const facts = ({ streams = [forward("-80")], keys = [], silent = false, shards = SHARDS }: State): Facts => ({
  ...emptyFacts(),
  ...aTopology(),
  topo_key: [...shards.map(shardKey), ...keys],
  live_tablet: SHARDS.map(([keyspace, shard]) =>
    aLiveTablet({ address: address(keyspace, shard), alias: null, keyspace, shard }),
  ),
  probe: silent ? [] : SHARDS.map(([keyspace, shard]) => aProbe(address(keyspace, shard), "streams")),
  vreplication: streams,
});

const phases = (state: State): Readonly<Record<string, string>> => {
  const snapshot = Snapshot.of(facts(state));
  const rows = snapshot.all<{ workflow: string; phase: string }>(
    "SELECT workflow, phase FROM workflow ORDER BY workflow",
  );
  snapshot.close();
  return Object.fromEntries(rows.map(({ workflow, phase }) => [workflow, phase]));
};

const rules = (...pairs: readonly (readonly [from: string, to: string])[]): TopoKeyRow =>
  aTopoKey(
    `${G}/RoutingRules`,
    encoded(RoutingRulesSchema, { rules: pairs.map(([fromTable, to]) => ({ fromTable, toTables: [to] })) }),
  );
const shardRule = (fromKeyspace: string, shard: string, toKeyspace: string): TopoKeyRow =>
  aTopoKey(
    `${G}/ShardRoutingRules`,
    encoded(ShardRoutingRulesSchema, { rules: [{ fromKeyspace, shard, toKeyspace }] }),
  );
const keyspaceRules = (...pairs: readonly (readonly [from: string, to: string])[]): TopoKeyRow =>
  aTopoKey(
    `${G}/routing_rules/keyspace/Rules`,
    encoded(KeyspaceRoutingRulesSchema, {
      rules: pairs.map(([fromKeyspace, toKeyspace]) => ({ fromKeyspace, toKeyspace })),
    }),
  );
const denied = (keyspace: string, shard: string): TopoKeyRow =>
  aTopoKey(
    `${G}/keyspaces/${keyspace}/shards/${shard}/Shard`,
    encoded(ShardSchema, { tabletControls: [{ tabletType: 1, deniedTables: ["t"] }] }),
  );
const withoutSource = SHARDS.filter((place) => place.join() !== "src,-80");

const FROZEN = { state: "Stopped", message: "FROZEN" };
const CUTOVER = { state: "Stopped", message: "stopped for cutover" };

describe("the phase of a MoveTables", () => {
  test.each<[string, State, string]>([
    ["created", { keys: [rules(["t", "src.t"], ["src.t", "src.t"], ["tgt.t", "src.t"])] }, "running"],
    ["created without rules", {}, "running"],
    ["copying", { streams: [forward("-80", { pos: "" })] }, "copying"],
    ["reads switched", { keys: [rules(["t", "src.t"], ["t@replica", "tgt.t"])] }, "reads-switched"],
    ["in the cutover", { streams: [forward("-80", CUTOVER)] }, "cutover"],
    ["the first moment of the cutover", { keys: [denied("src", "-80")], shards: withoutSource }, "cutover"],
    ["switched", { streams: [forward("-80", FROZEN), reverse()] }, "switched"],
    ["switched, not frozen yet", { keys: [rules(["t", "tgt.t"], ["src.t", "tgt.t"])] }, "switched"],
    ["frozen, and its reverse is gone", { streams: [forward("-80", FROZEN)] }, "frozen-only"],
    [
      "frozen, and the source could not be asked",
      { streams: [forward("-80", FROZEN)], silent: true },
      "switched",
    ],
    ["stopped", { streams: [forward("-80", { state: "Stopped" })] }, "stopped"],
    ["stopped in part", { streams: [forward("-80", { state: "Stopped" }), forward("80-")] }, "running"],
    ["in error", { streams: [forward("-80", { state: "Error" }), forward("80-")] }, "error"],
    ["its target shard's record is gone", { shards: SHARDS.slice(0, 2) }, "orphaned"],
  ])("%s", (_, state, phase) => {
    expect(phases(state).m).toBe(phase);
  });

  test("rules of other tables and other keyspaces decide nothing", () => {
    expect(phases({ keys: [rules(["other", "tgt.other"], ["t", "elsewhere.t"])] })).toEqual({ m: "running" });
  });

  test("partial: by the shard rules of its own shards", () => {
    expect(phases({ keys: [shardRule("tgt", "-80", "src")] })).toEqual({ m: "running" });
    expect(phases({ keys: [shardRule("src", "-80", "tgt")] })).toEqual({ m: "switched" });
    expect(phases({ keys: [shardRule("src", "80-", "tgt")] })).toEqual({ m: "running" });
  });

  test("multi-tenant: by keyspace rules", () => {
    expect(phases({ keys: [keyspaceRules(["src", "src"])] })).toEqual({ m: "running" });
    expect(phases({ keys: [keyspaceRules(["src", "src"], ["src@replica", "tgt"])] })).toEqual({
      m: "reads-switched",
    });
    expect(phases({ keys: [keyspaceRules(["src", "tgt"])] })).toEqual({ m: "switched" });
  });

  test("an old journal with its id does not make it a cutover (docs/vitess.md#journal-ids)", () => {
    const snapshot = Snapshot.of(facts({}));
    const [{ migration_id: id = "" } = {}] = snapshot.all<{ migration_id: string }>(
      "SELECT migration_id FROM workflow",
    );
    snapshot.close();
    const journal = [{ address: address("src", "-80"), id, db_name: "vt_src", val: "" }];
    const loaded = Snapshot.of({ ...facts({}), resharding_journal: journal });
    expect(loaded.all("SELECT phase, journal_found FROM workflow")).toEqual([
      { phase: "running", journal_found: 1 },
    ]);
    loaded.close();
    const elsewhere = Snapshot.of({
      ...facts({}),
      resharding_journal: journal.map((row) => ({ ...row, address: address("src", "80-") })),
    });
    expect(elsewhere.all("SELECT journal_found FROM workflow")).toEqual([{ journal_found: 0 }]);
    elsewhere.close();
  });
});

/** The shape and the sides of the workflow `m`, of writes, REPLICA and RDONLY. */
const trafficOf = (state: State): string => {
  const snapshot = Snapshot.of(facts(state));
  const rows = snapshot.rows("workflow_traffic", { keyspace: "tgt", workflow: "m" });
  snapshot.close();
  return rows
    .map(({ shape, ...to }) =>
      [shape, ...[to.writes, to.replica, to.rdonly].map((side) => side || "-")].join(" "),
    )
    .join();
};

describe("to which side the traffic of a MoveTables has to lead", () => {
  const CREATED = ["t", "src.t", "tgt.t"].flatMap((name) =>
    ["", "@replica", "@rdonly"].map((type) => [name + type, "src.t"] as const),
  );
  const PARTIAL = { workflow_sub_type: 1 };
  const TENANT = { options: '{"tenant_id": "7"}' };
  test.each<[string, State, string]>([
    ["created", { keys: [rules(...CREATED)] }, "tables source source source"],
    ["without rules", {}, "unrouted source - -"],
    [
      "of its rules most decide",
      { keys: [rules(...CREATED.slice(0, 4), ["tgt.t", "tgt.t"])] },
      "tables source source source",
    ],
    [
      "as many of one as of the other",
      { keys: [rules(["t", "src.t"], ["src.t", "tgt.t"])] },
      "tables source - -",
    ],
    [
      "frozen, whatever its rules say",
      { streams: [forward("-80", FROZEN)], keys: [rules(...CREATED)] },
      "tables target source source",
    ],
    ["frozen, its rules were taken away", { streams: [forward("-80", FROZEN)] }, "unrouted target - -"],
    [
      "in the cutover, its streams stopped",
      { streams: [forward("-80", CUTOVER)], keys: [rules(...CREATED)] },
      "tables - source source",
    ],
    [
      "in the cutover, its source denied",
      { keys: [rules(...CREATED), denied("src", "-80")], shards: withoutSource },
      "tables - source source",
    ],
    [
      "its target's record is gone",
      { keys: [rules(...CREATED)], shards: SHARDS.slice(0, 2) },
      "tables - source source",
    ],
    [
      "partial, by its rows",
      { streams: [forward("-80", PARTIAL)], keys: [rules(...CREATED)] },
      "partial source - -",
    ],
    [
      "partial, by its shard rules, and switched",
      { keys: [shardRule("src", "-80", "tgt")] },
      "partial target - -",
    ],
    ["multi-tenant, by its rows", { streams: [forward("-80", TENANT)] }, "multi-tenant source - -"],
    [
      "multi-tenant, for all that can be told",
      { streams: [forward("-80", { options: "{" })] },
      "multi-tenant source - -",
    ],
    [
      "multi-tenant, by its keyspace rules",
      { keys: [keyspaceRules(["src", "tgt"])] },
      "multi-tenant target - -",
    ],
    ["a Migrate", { streams: [forward("-80", { workflow_type: 3 })] }, "external source - -"],
    [
      "a Materialize",
      { streams: [forward("-80", { workflow_type: 0 })], keys: [rules(...CREATED)] },
      "none - - -",
    ],
    ["a lookup vindex", { streams: [forward("-80", { workflow_type: 2 })] }, "none - - -"],
    ["an Online DDL", { streams: [forward("-80", { workflow_type: 5 })] }, "none - - -"],
  ])("%s", (_, state, traffic) => {
    expect(trafficOf(state)).toBe(traffic);
  });

  test.each([
    ["20.0.1", ["-80"]],
    ["19.0.10", []],
  ])(
    "its target denies its tables before the switch where every tablet is of Vitess %s",
    (version, shards) => {
      const { live_tablet, ...rest } = facts({ keys: [rules(...CREATED)] });
      const [first, ...others] = live_tablet;
      const build = (build_version: string) => (row: (typeof live_tablet)[number]) => ({
        ...row,
        build_version,
      });
      const snapshot = Snapshot.of({
        ...rest,
        live_tablet: [
          ...[first].flatMap((row) => (row === undefined ? [] : [build(version)(row)])),
          ...others.map(build("24.0.4")),
        ],
      });
      expect(snapshot.all("SELECT side, shard_keyspace, shard, table_name FROM expected_denial")).toEqual(
        shards.map((shard) => ({ side: "target", shard_keyspace: "tgt", shard, table_name: "t" })),
      );
      snapshot.close();
    },
  );
});

test("a Materialize is never switched, whatever rules there are", () => {
  const streams = [forward("-80", { workflow_type: 0 })];
  expect(phases({ streams, keys: [rules(["t", "tgt.t"])] })).toEqual({ m: "running" });
});

test("streams of one name into two keyspaces are two workflows, and a reverse is told by its name", () => {
  const snapshot = Snapshot.of(
    facts({ streams: [forward("-80"), forward("80-"), reverse({ workflow: "m" }), reverse({ id: 10 })] }),
  );
  expect(
    snapshot.all(
      "SELECT keyspace, workflow, is_reverse, streams, migration, target_shards_json AS t, source_shards_json AS s FROM workflow ORDER BY 1, 2",
    ),
  ).toEqual([
    {
      keyspace: "src",
      workflow: "m",
      is_reverse: 0,
      streams: 1,
      migration: "tables",
      t: '["-80"]',
      s: '["-80"]',
    },
    {
      keyspace: "src",
      workflow: "m_reverse",
      is_reverse: 1,
      streams: 1,
      migration: "tables",
      t: '["-80"]',
      s: '["-80"]',
    },
    {
      keyspace: "tgt",
      workflow: "m",
      is_reverse: 0,
      streams: 2,
      migration: "tables",
      t: '["-80","80-"]',
      s: '["-80","80-"]',
    },
  ]);
  snapshot.close();
});
