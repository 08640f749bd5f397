import { dirname, resolve } from "node:path";
import type { Finding } from "../findings/finding.js";
import type { Facts } from "../snapshot/facts.js";
import { Snapshot } from "../snapshot/snapshot.js";
import { buildState, EMPTY_CLUSTER, type ExampleState } from "./example-state.js";
import { type JudgeOptions, judge } from "./judge.js";
import type { Example, Expected, Rule } from "./rule.js";
import { RULE_FAILED } from "./rule-failed.js";

export interface ExampleResult {
  readonly rule: string;
  readonly kind: "sick" | "healthy";
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** What was expected and what was found, or why it was skipped; empty where it passed. */
  readonly detail: string;
}

/** A recorded cluster by name; null where this installation has no recordings. */
export type Recordings = (name: string) => Facts | null;

/**
 * Runs the examples of `rules` (all of them, or those named in `only`): in a sick one this rule finds exactly what `finds` says, in a
 * healthy one nothing. Of `rules` those judge too that it follows (`withRoots`), so that causes can be expected. The CLI prints the results.
 */
export const runExamples = (
  rules: readonly Rule[],
  recordings: Recordings,
  only: readonly string[] = [],
): readonly ExampleResult[] =>
  rules
    .filter((rule) => only.length === 0 || only.includes(rule.id))
    .flatMap((rule) => [
      ...rule.examples.sick.map((example) => runOne(rules, rule, "sick", example, recordings)),
      ...rule.examples.healthy.map((example) => runOne(rules, rule, "healthy", example, recordings)),
    ]);

const runOne = (
  rules: readonly Rule[],
  rule: Rule,
  kind: ExampleResult["kind"],
  example: Example,
  recordings: Recordings,
): ExampleResult => {
  const result = (outcome: ExampleResult["outcome"], detail: string): ExampleResult => ({
    rule: rule.id,
    kind,
    name: example.name,
    outcome,
    detail,
  });
  try {
    const state = stateOf(rule, example, recordings);
    if (state === null)
      return result("skipped", `the recording ${example.recording} is not part of this installation`);
    try {
      const detail = difference(rule, example, judge(state, withRoots(rule, rules), LOOK));
      return result(detail === "" ? "passed" : "failed", detail);
    } finally {
      state.close();
    }
  } catch (error) {
    // The example itself is wrong: a column that does not exist, rows that contradict each other, a file that is not there.
    return result("failed", error instanceof Error ? error.message : String(error));
  }
};

/** A rule and those that it follows, those that they follow, and so on: no other rule changes what judging says of it (`causes.ts`). */
const withRoots = (rule: Rule, rules: readonly Rule[]): readonly Rule[] => {
  const byId = new Map(rules.map((each) => [each.id, each]));
  const found = new Set([rule]);
  // A set is walked in the order of its growth, to what was added meanwhile.
  for (const { follows } of found)
    for (const { rule: id } of follows ?? []) {
      const root = byId.get(id);
      if (root !== undefined) found.add(root);
    }
  return rules.filter((each) => found.has(each));
};

/** How an example is looked at: once, and nothing is suppressed. */
export const LOOK: JudgeOptions = { now: 0, earlier: null, suppressions: [] };

/** The cluster of a rule's example; null where this installation lacks its recording. Throws where the example itself is wrong. */
export const stateOf = (rule: Rule, example: Example, recordings: Recordings): ExampleState | null => {
  const base = baseOf(rule, example, recordings);
  return base === null ? null : buildState(example, base);
};

const baseOf = (rule: Rule, example: Example, recordings: Recordings): Facts | null => {
  if (example.recording !== undefined) return recordings(example.recording);
  if (example.snapshot === undefined) return EMPTY_CLUSTER;
  const snapshot = Snapshot.open(resolve(dirname(rule.file), example.snapshot));
  try {
    return snapshot.facts();
  } finally {
    snapshot.close();
  }
};

/** An expectation that is only an id, in full. */
export const expectedOf = (expected: string | Expected): Expected =>
  typeof expected === "string" ? { id: expected } : expected;

/** Where the findings are not what the example expects of its rule; empty where they are. */
export const difference = (rule: Rule, example: Example, all: readonly Finding[]): string => {
  const expected = (example.finds ?? []).map(expectedOf);
  const failure = all.find((finding) => finding.rule === RULE_FAILED && finding.object.rule === rule.id);
  if (failure !== undefined) return failure.symptom;
  const found = all.filter((finding) => finding.rule === rule.id);
  const missing = expected.filter(({ id }) => !found.some((finding) => finding.id === id));
  const extra = found.filter(({ id }) => !expected.some((one) => one.id === id));
  return [
    ...missing.map(({ id }) => `${id} was expected and not found`),
    ...extra.map(({ id, symptom }) => `${id} was found and not expected: ${symptom}`),
    ...found.flatMap((finding) => disagreements(finding, expected)),
  ].join("; ");
};

const disagreements = (finding: Finding, expected: readonly Expected[]): readonly string[] => {
  const wanted = expected.find(({ id }) => id === finding.id);
  if (wanted === undefined) return [];
  const compare = (field: string, want: string | undefined, got: string | null): readonly string[] =>
    want === undefined || want === got ? [] : [`${finding.id}: ${field} should be ${want} and is ${got}`];
  const { says = "", advises = "" } = wanted;
  const { symptom, repair } = finding;
  return [
    ...compare("severity", wanted.severity, finding.severity),
    ...compare("state", wanted.state, finding.state),
    ...compare("causedBy", wanted.causedBy, finding.causedBy),
    ...(symptom.includes(says) ? [] : [`${finding.id}: should say '${says}' and says '${symptom}'`]),
    ...(repair.steps.some((step) => step.includes(advises)) || advises === ""
      ? []
      : [`${finding.id}: should advise '${advises}' and advises '${repair.steps.join("; ")}'`]),
  ];
};
