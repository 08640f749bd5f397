import { beforeAll, describe, expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { buildState, EMPTY_CLUSTER } from "../../src/rules/example-state.js";
import { type ExampleResult, type Recordings, runExamples } from "../../src/rules/examples.js";
import type { Example, Rule } from "../../src/rules/rule.js";
import { recordedFacts } from "../sim/recorded-facts.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";

const rules = loadRules([SHIPPED_RULES]);

const recordedOnly = (examples: readonly Example[]) =>
  examples.filter(({ recording }) => recording !== undefined);

const recorded: readonly Rule[] = rules.map(({ examples, ...rule }) => ({
  ...rule,
  examples: { sick: recordedOnly(examples.sick), healthy: recordedOnly(examples.healthy) },
}));

describe.each<[string, readonly Rule[], () => Promise<Recordings>]>([
  ["the examples", rules, async () => factsOfRecording],
  ["as a scan of the recorded clusters sees them", recorded, () => recordedFacts(rules)],
])("%s", (_, some, recordings) => {
  let known: Recordings;
  beforeAll(async () => {
    known = await recordings();
  });

  describe.each(some)("$id", ({ id, examples }) => {
    let results: readonly ExampleResult[];
    beforeAll(() => {
      results = runExamples(some, known, [id]);
      expect(results).toHaveLength(examples.sick.length + examples.healthy.length);
    });

    it.each([...examples.sick, ...examples.healthy].map(({ name }, index) => [name, index] as const))(
      "%s",
      (name, index) => {
        expect(results[index]).toEqual(expect.objectContaining({ name, outcome: "passed", detail: "" }));
      },
    );
  });
});

it.each([
  "CREATE TABLE left_over (a)",
  "UPDATE meta SET value = value; PRAGMA reverse_unordered_selects = 1",
])("what a statement of an example changes beside rows, no other example sees: %s", (statement) => {
  buildState({ name: "first", sql: [statement] }, EMPTY_CLUSTER).close();
  const next = buildState({ name: "next", sql: [] }, EMPTY_CLUSTER);
  expect(next.all("SELECT name FROM sqlite_schema WHERE name = 'left_over'")).toEqual([]);
  expect(next.all("PRAGMA reverse_unordered_selects")).toEqual([{ reverse_unordered_selects: 0 }]);
  next.close();
});
