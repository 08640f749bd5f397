import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/findings/finding.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { buildState, EMPTY_CLUSTER } from "../../src/rules/example-state.js";
import { judge } from "../../src/rules/judge.js";
import type { Example, Queryable, Rule } from "../../src/rules/rule.js";
import { whyNot } from "../../src/rules/why-not.js";
import { withoutConditions, withViews } from "../../src/rules/without.js";
import { RULE, rulesOf } from "./rule-text.js";

const state = (rows: NonNullable<Example["rows"]>): Queryable =>
  buildState({ name: "", rows }, EMPTY_CLUSTER);

const ruleOf = (from: string): Rule => {
  const [rule] = rulesOf(
    RULE.replace(
      "SELECT keyspace, shard, revision, key FROM shard WHERE shard = 'x' ORDER BY keyspace",
      () => `SELECT keyspace, shard, 7 AS revision, 'k' AS key FROM ${from}`,
    ),
  );
  if (rule === undefined) throw new Error("no rule");
  return rule;
};

const judged = (snapshot: Queryable, rule: Rule): readonly Finding[] =>
  judge(snapshot, [rule], { now: 0, earlier: null, suppressions: [] });

const why = (rows: NonNullable<Example["rows"]>, from: string, object = "a/x") => {
  const [snapshot, rule] = [state(rows), ruleOf(from)];
  return whyNot(snapshot, rule, object, judged(snapshot, rule));
};

const SHARD = { shard: [{ keyspace: "a", shard: "x", revision: 7, is_primary_serving: 1 }] };

describe("a rule that does not find an object tells", () => {
  it("the one condition that is not met", () => {
    const { found, conditions } = why(SHARD, "shard WHERE shard = 'x' AND is_primary_serving = 0");
    expect([found, conditions]).toEqual([null, [[{ text: "is_primary_serving = 0", view: null }]]]);
  });

  it("each of several ways to meet them", () => {
    const { conditions } = why(
      SHARD,
      "shard WHERE shard = 'x' AND NOT EXISTS (SELECT 1 FROM shard o WHERE o.revision = 7)",
    );
    expect(conditions.map(([one]) => one?.text)).toEqual([
      "NOT EXISTS (SELECT 1 FROM shard o WHERE o.revision = 7)",
    ]);
  });

  it("two that are not met together", () => {
    const { conditions } = why(SHARD, "shard WHERE shard = 'x' AND is_primary_serving = 0 AND revision > 8");
    expect(conditions.map((both) => both.map(({ text }) => text))).toEqual([
      ["is_primary_serving = 0", "revision > 8"],
    ]);
  });

  it("one of a view, with the view's name", () => {
    const rows = {
      process: [
        {
          address: "h:1",
          alias: "z-1",
          keyspace: "a",
          shard: "x",
          type: "REPLICA",
          same_cluster: 1,
          record: "present",
        },
      ],
    };
    const { conditions } = why(rows, "recorded_primary WHERE shard = 'x'");
    expect(conditions).toEqual([[{ text: "p.type = 'PRIMARY'", view: "recorded_primary" }]]);
  });

  it("that no two of them do, where a row that it joins is not there", () => {
    const { conditions, facts } = why(SHARD, "shard JOIN keyspace USING (keyspace) WHERE shard = 'x'");
    expect(conditions).toEqual([]);
    expect(facts.map(({ table, rows }) => [table, rows.length])).toEqual([
      ["keyspace", 0],
      ["shard", 1],
    ]);
  });

  it("the rows that it looked at, by the object's own names, of a tablet by its address", () => {
    const rows = {
      ...SHARD,
      process: [
        { address: "h:1", alias: "z-1", keyspace: "a", shard: "x", same_cluster: 1 },
        { address: "h:2", alias: "z-2", keyspace: "a", shard: "y", same_cluster: 1 },
      ],
      live_tablet: [{ address: "h:1", term_start: 5 }, { address: "h:2" }],
    };
    const from =
      "shard WHERE shard = 'x' AND EXISTS (SELECT 1 FROM process p JOIN live_tablet l USING (address) WHERE l.term_start > 6)";
    const { facts } = why(rows, from);
    expect(
      facts.map(({ table, rows: of }) => [table, of.map(({ address, shard }) => address ?? shard)]),
    ).toEqual([
      ["live_tablet", ["h:1"]],
      ["process", ["h:1"]],
      ["shard", ["x"]],
    ]);
  });
});

it("what is found has its state, and no condition", () => {
  const { found, conditions } = why(SHARD, "shard WHERE shard = 'x'");
  expect([found?.state, conditions]).toEqual(["suspected", []]);
});

it("what is no object of the rule is refused with what one looks like", () => {
  expect(() => why(SHARD, "shard WHERE shard = 'x'", "a")).toThrow(
    'explain --why-not: "a" is no object of shard-named-x, whose findings are about KEYSPACE/SHARD.',
  );
});

const empty = state({});

// As the relaxed queries are made of the text of the views, that text has to say what the views say.
it.each(loadRules([SHIPPED_RULES]).map((rule) => [rule.id, rule] as const))(
  "%s: with its views written out it still prepares, and so it does without any of its conditions but those of a join",
  (_, rule) => {
    const written = withViews(empty, rule.query);
    expect(empty.all(written.sql)).toEqual(empty.all(rule.query));
    for (const { sql, condition } of withoutConditions(written))
      expect(() => empty.all(`EXPLAIN ${sql}`), condition.text).not.toThrow();
  },
);
