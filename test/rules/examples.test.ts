import { describe, expect, it } from "vitest";
import { runExamples } from "../../src/rules/examples.js";
import { loadRules, SHIPPED_RULES } from "../../src/rules/load.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";

const rules = loadRules([SHIPPED_RULES]);

describe.each(rules.map(({ id }) => id))("%s", (id) => {
  const results = runExamples(rules, factsOfRecording, [id]);
  it.each(results.map((result) => [`${result.kind}: ${result.name}`, result] as const))("%s", (_, result) => {
    expect(result.detail).toBe("");
    expect(result.outcome).toBe("passed");
  });
});
