import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/cluster/errors.js";
import type { CheckedRules } from "../../src/rulefiles/checked.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { NEEDS } from "../../src/rules/rule.js";
import { folderOf, RULE, rulesOf } from "./rule-text.js";

const failure = (load: () => unknown): string => {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message.replace(/^.*?\/own\//, "");
  }
  throw new Error("it loaded");
};

const broken = (from: string | RegExp, to: string): string => {
  expect(RULE).toMatch(from);
  return failure(() => rulesOf(RULE.replace(from, to)));
};

describe("the shipped rules", () => {
  const rules = loadRules([SHIPPED_RULES]);

  it("load in the order of their ids", () => {
    const ids = rules.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
    expect(ids).toContain("shard-missing-live-tablets");
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))("%s is proven by a real cluster", (_, rule) => {
    expect(rule.examples.sick.some(({ recording }) => recording !== undefined)).toBe(true);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))("%s has two near misses", (_, rule) => {
    expect(rule.examples.healthy.length).toBeGreaterThanOrEqual(2);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))("%s is ordered", (_, rule) => {
    expect(rule.query).toMatch(/ORDER BY|GROUP BY/);
  });

  it("stand beside an operator's own", () => {
    expect(loadRules([SHIPPED_RULES, folderOf({ "shard-named-x.yaml": RULE })])).toHaveLength(
      rules.length + 1,
    );
  });
});

describe("what the build read of a rule", () => {
  const file = new URL("../../dist/rulefiles/checked.json", import.meta.url);
  const read: CheckedRules = new Map(Object.entries(JSON.parse(readFileSync(file, "utf8"))));

  it("is what its text says", () => {
    const plain = (rules: ReturnType<typeof loadRules>): unknown => JSON.parse(JSON.stringify(rules));
    expect(plain(loadRules([SHIPPED_RULES], read))).toEqual(plain(loadRules([SHIPPED_RULES], new Map())));
    expect(read.size).toBe(loadRules([SHIPPED_RULES]).length);
  });

  it("is not taken for a text that was changed since", () => {
    const dir = mkdtempSync(join(tmpdir(), "rules-"));
    cpSync(SHIPPED_RULES, dir, { recursive: true });
    const file = join(dir, "locks/topo-lock-stale.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^title: .*$/m, "title: Another"));
    expect(loadRules([dir], read).find(({ id }) => id === "topo-lock-stale")?.title).toBe("Another");
  });
});

it("the schema for editors names the same sources", () => {
  const schema = JSON.parse(readFileSync(join(SHIPPED_RULES, "rule.schema.json"), "utf8"));
  expect(schema.properties.needs.items.enum).toEqual(NEEDS);
});

describe("a mistake in a rule is named with file, line and field", () => {
  it("an unknown field, with the right one", () => {
    expect(broken("symptom:", "symptm:")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:1: field 'symptom' is missing"`,
    );
  });
  it("a missing field", () => {
    expect(broken(/^cause: .*\n/m, "")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:1: field 'cause' is missing"`,
    );
  });
  it("an unknown severity", () => {
    expect(broken("severity: warning", "severity: waring")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:4: severity: 'waring' is not one of critical, warning, info. Did you mean "warning"?"`,
    );
  });
  it("an unknown source", () => {
    expect(broken("[topology]", "[toplogy]")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:6: needs.0: 'toplogy' is not one of topology, cell, history, tablet, sidecar, schema, mysql. Did you mean "topology"?"`,
    );
  });
  it("a query over a table that is not there", () => {
    expect(broken("FROM shard WHERE shard = 'x'", "FROM shards")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:7: query: does not prepare: no such table: shards"`,
    );
  });
  it("a second statement", () => {
    expect(broken("ORDER BY keyspace", "; DROP TABLE shard")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:7: query: does not prepare: must be one SELECT: take out the ';'"`,
    );
  });
  it("a statement that writes", () => {
    expect(broken(/SELECT keyspace, shard, .*/, "DELETE FROM shard")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:7: query: does not prepare: near "DELETE": syntax error"`,
    );
  });
  it.each(["severity", "durable", "doubt", "unknown"])("a column %s, which is a field", (column) => {
    expect(broken("SELECT keyspace,", `SELECT 'so' AS ${column}, keyspace,`)).toBe(
      `shard-named-x.yaml:7: query: gives a column '${column}', which decides nothing: take it out and say it in the field '${column}', of the rule or of one of its variants`,
    );
  });
  it("a placeholder that names no column", () => {
    expect(broken("{keyspace} has a shard", "{keyspce} has a shard")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:11: symptom: the query gives no column 'keyspce'. Did you mean "keyspace"?"`,
    );
  });
  it("an object that names no column", () => {
    expect(broken("shard: shard }", "shard: shrd }")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:9: object.shard: the query gives no column 'shrd'. Did you mean "shard"?"`,
    );
  });
  it("an unknown filter", () => {
    expect(broken('at: "{revision}"', 'at: "{revision|tme}"')).toMatchInlineSnapshot(
      `"shard-named-x.yaml:15: evidence.0.at: unknown filter 'tme' in {revision|tme}; there are time, duration, count, plus, seconds, size, list, tail"`,
    );
  });
  it("facts of a query that does not prepare", () => {
    expect(broken("  - fact: the", "  - each: SELECT 1 FROM tablts\n    fact: the")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:13: evidence.0.each: does not prepare: no such table: tablts"`,
    );
  });
  it("a placeholder that neither query gives", () => {
    expect(
      broken(
        "  - fact: the",
        '  - each: SELECT alias FROM tablet WHERE shard = {shard}\n    fact: "{alis}"\n    # the',
      ),
    ).toMatchInlineSnapshot(
      `"shard-named-x.yaml:14: evidence.0.fact: the query gives no column 'alis'. Did you mean "alias"?"`,
    );
  });
  it("a variant's text with a placeholder that names no column", () => {
    expect(
      broken("messages: []", "variants: [{ when: { shard: x }, durable: ['{a}'] }]\nmessages: []"),
    ).toMatchInlineSnapshot(`"shard-named-x.yaml:20: variants.0.durable: the query gives no column 'a'."`);
  });
  it("a recipe without its class", () => {
    expect(broken(/^repair: .*/m, "repair: { recipe: clear-lock }")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:19: repair: must have properties class, command when property recipe is present"`,
    );
  });
  it("a brace that opens nothing", () => {
    expect(broken("has a shard named x", "has a {Shard}")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:11: symptom: '{Shard}' is not a placeholder like {shard}"`,
    );
  });
  it("a rule without a healthy example", () => {
    expect(broken(/ {2}healthy:\n.*/, "  healthy: []")).toMatchInlineSnapshot(
      `"shard-named-x.yaml:24: examples.healthy: needs at least one example: a rule without sick and near-miss healthy examples can not be trusted"`,
    );
  });
  it("text that is no YAML", () => {
    expect(broken("needs: [topology]", "needs: [topology")).toMatch(
      /^shard-named-x\.yaml:\d+: this is not YAML: /,
    );
  });
  it("an id that is not the file's name", () => {
    expect(failure(() => loadRules([folderOf({ "other.yaml": RULE })]))).toMatchInlineSnapshot(
      `"other.yaml:1: id: is 'shard-named-x', but the file is other.yaml"`,
    );
  });
  it("an id that is taken", () => {
    const folders = [folderOf({ "shard-named-x.yaml": RULE }), folderOf({ "shard-named-x.yaml": RULE })];
    expect(failure(() => loadRules(folders))).toContain("shard-named-x is taken by");
  });
  it("a root that is no rule", () => {
    expect(
      broken("messages: []", "messages: []\nfollows: [{ rule: shard-named-y, on: {} }]"),
    ).toMatchInlineSnapshot(
      `"shard-named-x.yaml: follows.rule: there is no rule 'shard-named-y'. Did you mean "shard-named-x"?"`,
    );
  });
});

describe("a folder", () => {
  it("that is not there", () => {
    expect(failure(() => loadRules(["/nowhere"]))).toMatch(/^--rules \/nowhere: can not be read/);
  });
  it("that has no rule", () => {
    expect(failure(() => loadRules([mkdtempSync(join(tmpdir(), "empty-"))]))).toContain("no rule found");
  });
});
