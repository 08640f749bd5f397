import { expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { rulesWithMessage } from "../../src/rules/messages.js";

const rules = loadRules([SHIPPED_RULES]);
const found = (line: string): readonly string[] => rulesWithMessage(rules, line).map(({ rule }) => rule.id);

/** What stands for `...` of a message in a line of a log. */
const filledIn = (message: string): string => message.replace(/\.{3,}/g, "customer_2.x");

it.each(rules.flatMap((rule) => rule.messages.map((message) => [rule.id, message] as const)))(
  "%s is found by a line with: %s",
  (id, message) => {
    const line = `E1125 09:12:44.120312  1 main.go:12] op failed: ${filledIn(message)}; giving up`;
    const hits = rulesWithMessage(rules, line);
    expect(hits.filter(({ whole }) => whole).map(({ rule }) => rule.id)).toContain(id);
  },
);

it("the rule whose message is most of the line comes first", () => {
  const line =
    "rpc error: Table 'vt_customer.corder' doesn't exist (errno 1146) (sqlstate 42S02) (CallerID: u)";
  const [first, ...others] = rulesWithMessage(rules, line);
  expect(first?.message).toBe("Table 'vt_....' doesn't exist (errno 1146) (sqlstate 42S02)");
  expect(others.map(({ met }) => met)).toEqual(others.map(({ met }) => met).toSorted((a, b) => b - a));
});

it("a part of a message finds it", () => {
  expect(found("lock already exists at path")).toEqual(["topo-lock-stale"]);
  expect(found("streams already exist in the target shards, please clean")).toContain(
    "stream-on-unlisted-tablet",
  );
});

it("case, quotes and a word that another version says do not matter", () => {
  expect(found("TABLET RECORD HAS DISAPPEARED, shutting down")).toContain(
    "tablet-record-missing-live-process",
  );
  expect(found("Disallowed due to rule: “enforce denied tables”, CallerID")).toContain(
    "keep-data-denial-residue",
  );
  expect(found("Tablet record has suddenly disappeared, shutting down")).toContain(
    "shard-missing-live-tablets",
  );
});

it("a line that no rule knows finds none, nor do words that are in every log", () => {
  expect(found("connected to the database in 3 ms")).toEqual([]);
  expect(found("table customer was created; user 5 was not found")).toEqual([]);
  expect(found("keyspace shard")).toEqual([]);
});
