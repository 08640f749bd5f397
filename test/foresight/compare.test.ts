import { expect, test } from "vitest";
import { comparePaths, type Routed } from "../../src/plan/foresight/compare.js";

const ROW = {
  ...{ cell: "zone1", tablet_type: "PRIMARY", ordinal: 0, by_rule: 0, detail: "", shards_json: "[]" },
  ...{ key: "k", revision: 1 },
};

const routed = (
  paths: Readonly<Record<string, readonly [keyspace: string, table: string, reason?: string]>>,
  shards: Readonly<Record<string, readonly string[]>>,
): Routed => ({
  query_path: Object.entries(paths).map(([name, [keyspace, table, reason = ""]]) => ({
    ...ROW,
    ...{ keyspace, reason, names: 1, names_json: JSON.stringify({ [name]: table }) },
    verdict: reason === "" ? "served" : reason === "schema-unread" ? "unknown" : "unserved",
  })),
  srv_partition: Object.entries(shards).flatMap(([keyspace, names]) =>
    names.map((shard) => ({
      ...{ cell: "zone1", tablet_type: "PRIMARY", keyspace, shard, range_start: "", range_end: "" },
      ...{ key: "k", revision: 1 },
    })),
  ),
  shard_routing_rule: [],
});

const kinds = (before: Routed, after: Routed) =>
  comparePaths(before, after).map(({ kind, names, is }) => [
    kind,
    names.map(({ name }) => name).join(","),
    is.reason,
  ]);

const SHARDS = { a: ["0"], b: ["-80", "80-"] };

test.each<[string, Parameters<typeof routed>, Parameters<typeof routed>, unknown]>([
  ["nothing changed", [{ t: ["a", "t"] }, SHARDS], [{ t: ["a", "t"] }, SHARDS], []],
  [
    "a table that was not asked for is as good as served",
    [{ t: ["a", "t"] }, SHARDS],
    [{ t: ["a", "t", "schema-unread"] }, SHARDS],
    [],
  ],
  [
    "what was served is denied",
    [{ t: ["a", "t"], u: ["a", "u"] }, SHARDS],
    [{ t: ["a", "t", "denied"], u: ["a", "u"] }, SHARDS],
    [["lost", "t", "denied"]],
  ],
  [
    "nobody knows the name any more",
    [{ t: ["a", "t"] }, SHARDS],
    [{}, SHARDS],
    [["lost", "t", "name-unknown"]],
  ],
  [
    "it leads to another keyspace",
    [{ t: ["a", "t"] }, SHARDS],
    [{ t: ["b", "t"] }, SHARDS],
    [["moved", "t", ""]],
  ],
  [
    "it leads to another table",
    [{ t: ["a", "t"] }, SHARDS],
    [{ t: ["a", "u"] }, SHARDS],
    [["moved", "t", ""]],
  ],
  [
    "it leads to other shards",
    [{ t: ["a", "t"] }, SHARDS],
    [{ t: ["a", "t"] }, { ...SHARDS, a: ["-80", "80-"] }],
    [["moved", "t", ""]],
  ],
  [
    "what was not served may stay so, elsewhere too",
    [{ t: ["a", "t", "denied"] }, SHARDS],
    [{ t: ["b", "t", "table-missing"] }, SHARDS],
    [],
  ],
  [
    "what was not served is served elsewhere",
    [{ t: ["a", "t", "denied"] }, SHARDS],
    [{ t: ["b", "t"] }, SHARDS],
    [["moved", "t", ""]],
  ],
  [
    "what was not served is served where it leads",
    [{ t: ["a", "t", "denied"] }, SHARDS],
    [{ t: ["a", "t"] }, SHARDS],
    [["found", "t", ""]],
  ],
])("%s", (_name, before, after, expected) => {
  expect(kinds(routed(...before), routed(...after))).toEqual(expected);
});
