import type { Finding } from "../../src/findings/finding.js";
import { difference, expectedOf, LOOK, type Recordings, stateOf } from "../../src/rules/examples.js";
import { judge } from "../../src/rules/judge.js";
import type { Example, Queryable, Rule } from "../../src/rules/rule.js";
import { type Conjunct, conjunctsOf } from "../../src/rules/where.js";

/**
 * The conditions of a rule's query that no example of it needs: without one of them, each example still gives what it expects. An example's
 * state is built once, the short ones first, and none where nothing is left to try. Of `rules`, those that it follows judge too.
 */
export const undetectedConjuncts = (
  rule: Rule,
  rules: readonly Rule[],
  recordings: Recordings,
): readonly string[] => {
  const roots = rules.filter(({ id }) => id !== rule.id && rule.follows?.some((one) => one.rule === id));
  const examples = [...rule.examples.sick, ...rule.examples.healthy].toSorted(
    (a, b) => Number(a.recording !== undefined) - Number(b.recording !== undefined),
  );
  let left = conjunctsOf(rule.query);
  for (const example of examples) {
    if (left.length === 0) break;
    left = notNeededBy([rule, ...roots], example, recordings, left);
  }
  return left.map(({ text }) => text);
};

const notNeededBy = (
  [rule, ...roots]: readonly [Rule, ...Rule[]],
  example: Example,
  recordings: Recordings,
  conjuncts: readonly Conjunct[],
): readonly Conjunct[] => {
  const state = stateOf(rule, example, recordings);
  if (state === null) throw new Error(`${rule.id}: there is no recording ${example.recording}`);
  try {
    const rows = JSON.stringify(state.all(rule.query));
    const found = judge(state, [rule, ...roots], LOOK);
    const alone = expectedAlone(example, found);
    const wrong = difference(rule, alone, found);
    if (wrong !== "") throw new Error(`${rule.id}: ${example.name}: ${wrong}`);
    return conjuncts.filter(({ without }) => {
      if (rowsOf(state, without) === rows) return true;
      return difference(rule, alone, judge(state, [{ ...rule, query: without }, ...roots], LOOK)) === "";
    });
  } finally {
    state.close();
  }
};

/** null: the query fails. */
const rowsOf = (state: Queryable, query: string): string | null => {
  try {
    return JSON.stringify(state.all(query));
  } catch {
    return null;
  }
};

/** What the example expects where not all rules judge: a state or cause may come from another rule, through those that it follows. */
const expectedAlone = (example: Example, found: readonly Finding[]): Example => ({
  ...example,
  finds: (example.finds ?? []).map((one) => {
    const { state, causedBy, ...expected } = expectedOf(one);
    const seen = found.find(({ id }) => id === expected.id);
    if (seen === undefined) return expected;
    return {
      ...expected,
      ...(state === undefined ? {} : { state: seen.state }),
      ...(causedBy === undefined || seen.causedBy === null ? {} : { causedBy: seen.causedBy }),
    };
  }),
});
