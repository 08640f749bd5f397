import { describe, expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { conjunctsOf } from "../../src/rules/where.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";
import { undetectedConjuncts } from "./conjuncts.js";

/**
 * Conditions of the rules from before this test that no example needs yet. A number may only go down, and a rule that is not here owes
 * nothing: `npm run rules:test -- --conjuncts RULE` prints them.
 */
const OWED: Readonly<Record<string, number>> = {
  "keep-data-denial-residue": 1,
  "srvkeyspace-partition-drift": 27,
  "srvvschema-stale": 6,
  "workflow-target-without-stream": 33,
};

const known = new Map<string, Facts>();
const recordings = (name: string): Facts => {
  const facts = known.get(name) ?? factsOfRecording(name);
  known.set(name, facts);
  return facts;
};

describe("every condition of a rule's query is needed by an example", () => {
  const rules = loadRules([SHIPPED_RULES]);

  it.each(rules.map((rule) => [rule.id, rule] as const))("%s", (id, rule) => {
    const undetected = undetectedConjuncts(rule, rules, recordings);
    expect(
      undetected.length,
      `without one of these, each example still passes:\n${undetected.join("\n")}`,
    ).toBe(OWED[id] ?? 0);
  });

  it("and what is owed is owed by rules", () => {
    const ids = rules.map(({ id }) => id);
    expect(Object.keys(OWED).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe("the conditions of a query", () => {
  const texts = (query: string): readonly string[] => conjunctsOf(query).map(({ text }) => text);

  it.each([
    ["none", "SELECT 1 FROM t GROUP BY a", []],
    [
      "each WHERE up to what follows it",
      "SELECT 1 FROM t WHERE a = 1 AND b = 2 GROUP BY c ORDER BY d",
      ["a = 1", "b = 2"],
    ],
    ["not those of an ON", "SELECT 1 FROM t JOIN u ON t.a = u.a AND t.b = u.b WHERE c", ["c"]],
    ["of both sides of a UNION", "SELECT 1 FROM t WHERE a UNION SELECT 2 FROM u WHERE b", ["a", "b"]],
    [
      "of CTEs and subqueries, and what holds them",
      "WITH x AS (SELECT 1 FROM t WHERE a AND b) SELECT 1 FROM x WHERE EXISTS (SELECT 1 FROM y WHERE c AND d) AND e",
      ["a", "b", "EXISTS (SELECT 1 FROM y WHERE c AND d)", "c", "d", "e"],
    ],
    ["an OR of its own level as one", "SELECT 1 FROM t WHERE a AND b OR c", ["a AND b OR c"]],
    ["parentheses as one", "SELECT 1 FROM t WHERE (a OR b AND c) AND d", ["(a OR b AND c)", "d"]],
    [
      "the AND of a BETWEEN is none",
      "SELECT 1 FROM t WHERE a BETWEEN 1 AND 2 AND b",
      ["a BETWEEN 1 AND 2", "b"],
    ],
    [
      "nor that of a CASE",
      "SELECT 1 FROM t WHERE CASE WHEN a AND b THEN 1 ELSE 0 END = 1 AND c",
      ["CASE WHEN a AND b THEN 1 ELSE 0 END = 1", "c"],
    ],
    [
      "nor that of a string or comment",
      "SELECT 1 FROM t WHERE a = 'x AND ''y' AND b -- AND c\n AND \"d AND\" = 1",
      ["a = 'x AND ''y'", "b", '"d AND" = 1'],
    ],
    ["of a FILTER", "SELECT count(*) FILTER (WHERE a AND b) FROM t WHERE c", ["a", "b", "c"]],
    [
      "a column that is named as a keyword",
      "SELECT 1 FROM t WHERE t.end = 1 AND t.group = 2",
      ["t.end = 1", "t.group = 2"],
    ],
  ])("%s", (_, query, expected) => {
    expect(texts(query)).toEqual(expected);
  });

  it("the others stay as they are", () => {
    expect(
      conjunctsOf("SELECT 1 FROM t WHERE a BETWEEN 1 AND 2 AND b LIMIT 1").map(({ without }) => without),
    ).toEqual([
      "SELECT 1 FROM t WHERE 1 AND b LIMIT 1",
      "SELECT 1 FROM t WHERE a BETWEEN 1 AND 2 AND 1 LIMIT 1",
    ]);
  });
});
