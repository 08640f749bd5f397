import { describe, expect, it } from "vitest";
import { runExamples } from "../../src/rules/examples.js";
import { loadRules, SHIPPED_RULES } from "../../src/rules/load.js";

const rules = loadRules([SHIPPED_RULES]);

describe.each(rules.map((rule) => [rule.id, rule] as const))("%s", (id) => {
  const results = runExamples(rules, () => null, [id]);
  it.each(results.map((result) => [`${result.kind}: ${result.name}`, result] as const))("%s", (_, result) => {
    if (result.outcome !== "skipped") expect(result.detail).toBe("");
  });
});
