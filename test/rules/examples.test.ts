import { describe, expect, it } from "vitest";
import { type ExampleResult, runExamples } from "../../src/rules/examples.js";
import { loadRules, SHIPPED_RULES } from "../../src/rules/load.js";
import type { Example, Rule } from "../../src/rules/rule.js";
import { recordedFacts } from "../sim/recorded-facts.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";

const rules = loadRules([SHIPPED_RULES]);

const hold = (results: readonly ExampleResult[]): void => {
  it.each(results.map((result) => [`${result.kind}: ${result.name}`, result] as const))("%s", (_, result) => {
    expect(result.detail).toBe("");
    expect(result.outcome).toBe("passed");
  });
};

describe.each(rules.map(({ id }) => id))("%s", (id) => hold(runExamples(rules, factsOfRecording, [id])));

const recordedOnly = (examples: readonly Example[]) => examples.filter(({ recording }) => recording !== null);

describe("as a scan of the recorded clusters sees them", async () => {
  const recorded: readonly Rule[] = rules.map(({ examples, ...rule }) => ({
    ...rule,
    examples: { sick: recordedOnly(examples.sick), healthy: recordedOnly(examples.healthy) },
  }));
  hold(runExamples(recorded, await recordedFacts(recorded)));
});
