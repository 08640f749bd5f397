import { beforeAll, expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { derive } from "../../src/snapshot/derive/index.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { recordedFacts } from "../sim/recorded-facts.js";
import { RULE, rulesOf } from "./rule-text.js";

const readsOf = (from: string): readonly string[] => {
  const [rule] = rulesOf(
    RULE.replace(
      "SELECT keyspace, shard, revision, key FROM shard WHERE shard = 'x' ORDER BY keyspace",
      `SELECT keyspace, shard, 1 AS revision, '' AS key FROM ${from}`,
    ),
  );
  return rule?.reads ?? [];
};

it("a rule reads the tables of its query", () => {
  expect(readsOf("shard WHERE shard = 'x'")).toEqual(["shard"]);
});

it("and those behind a view, by an index too", () => {
  expect(readsOf("asked_primary WHERE term_start > 0")).toEqual(["live_tablet", "probe", "process"]);
  expect(readsOf("stream WHERE keyspace = 'k' AND shard = 's'")).toEqual(["stream"]);
});

it("and those of its evidence", () => {
  const [rule] = rulesOf(
    RULE.replace("  - fact:", "  - each: SELECT address FROM process WHERE keyspace = {keyspace}\n    fact:"),
  );
  expect(rule?.reads).toEqual(["process", "shard"]);
});

/** Every recording that an example names. */
const recorded = new Map<string, Facts>();

beforeAll(async () => {
  const rules = loadRules([SHIPPED_RULES]);
  const facts = await recordedFacts(rules);
  const names = rules.flatMap(({ examples }) =>
    [...examples.sick, ...examples.healthy].map((one) => one.recording),
  );
  for (const name of new Set(names)) {
    const found = name === undefined ? null : facts(name);
    if (name !== undefined && found !== null) recorded.set(name, found);
  }
});

// What a dear question fills is said in src/collect/tablets/second-round.ts.
it("of what is derived, tables tell query_path alone", () => {
  expect(recorded.size).toBeGreaterThan(5);
  const changed = new Set<string>();
  for (const facts of recorded.values()) {
    const without = new Map(Object.entries(derive({ ...facts, live_table: [], live_trigger: [] })));
    for (const [table, rows] of Object.entries(derive(facts)))
      if (JSON.stringify(rows) !== JSON.stringify(without.get(table))) changed.add(table);
  }
  expect([...changed]).toEqual(["query_path"]);
});
