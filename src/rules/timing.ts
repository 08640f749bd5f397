import { LOOK, type Recordings, stateOf } from "./examples.js";
import { judge } from "./judge.js";
import type { Queryable, Rule } from "./rule.js";

export interface RuleTime {
  readonly rule: string;
  readonly ms: number;
  /** Clusters that it was asked of. */
  readonly clusters: number;
}

/** How long each rule takes over its examples, or over `snapshot`, slowest first. What it takes to set an example up does not count. */
export const timeRules = (
  rules: readonly Rule[],
  over: { readonly snapshot: Queryable } | { readonly recordings: Recordings },
  nowMs: () => number,
): readonly RuleTime[] => {
  const timed = (rule: Rule, cluster: Queryable): number => {
    const before = nowMs();
    judge(cluster, [rule], LOOK);
    return nowMs() - before;
  };
  const overExamples = (rule: Rule, recordings: Recordings): readonly number[] =>
    [...rule.examples.sick, ...rule.examples.healthy].flatMap((example) => {
      const state = stateOf(rule, example, recordings);
      if (state === null) return [];
      try {
        return [timed(rule, state)];
      } finally {
        state.close();
      }
    });
  return rules
    .map((rule) => {
      const times = "snapshot" in over ? [timed(rule, over.snapshot)] : overExamples(rule, over.recordings);
      return { rule: rule.id, ms: times.reduce((sum, one) => sum + one, 0), clusters: times.length };
    })
    .toSorted((one, other) => other.ms - one.ms || (one.rule < other.rule ? -1 : 1));
};
