import type { Finding } from "../../src/findings/finding.js";
import { difference, expectedOf, LOOK, type Recordings, stateOf } from "../../src/rules/examples.js";
import { judge } from "../../src/rules/judge.js";
import type { Example, Queryable, Rule } from "../../src/rules/rule.js";
import { type Conjunct, conjunctsOf } from "../../src/rules/where.js";

/**
 * The conditions of a rule's query that no example of it needs: without one of them, each example still gives what it expects. An example's
 * state is built once, the short ones first, and none where nothing is left to try.
 */
export const undetectedConjuncts = (rule: Rule, recordings: Recordings): readonly string[] => {
  const examples = [...rule.examples.sick, ...rule.examples.healthy].toSorted(
    (a, b) => Number(a.recording !== undefined) - Number(b.recording !== undefined),
  );
  let left = conjunctsOf(rule.query);
  for (const example of examples) {
    if (left.length === 0) break;
    left = notNeededBy(rule, example, recordings, left);
  }
  return left.map(({ text }) => text);
};

const notNeededBy = (
  rule: Rule,
  example: Example,
  recordings: Recordings,
  conjuncts: readonly Conjunct[],
): readonly Conjunct[] => {
  const state = stateOf(rule, example, recordings);
  if (state === null) throw new Error(`${rule.id}: there is no recording ${example.recording}`);
  try {
    const rows = JSON.stringify(state.all(rule.query));
    const alone = expectedAlone(example, judge(state, [rule], LOOK));
    return conjuncts.filter(({ without }) => {
      if (rowsOf(state, without) === rows) return true;
      return difference(rule, alone, judge(state, [{ ...rule, query: without }], LOOK)) === "";
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

/** What the example expects where no other rule judges: a state may come from a cause that another rule finds. */
const expectedAlone = (example: Example, found: readonly Finding[]): Example => ({
  ...example,
  finds: (example.finds ?? []).map((one) => {
    const { causedBy: _, state, ...expected } = expectedOf(one);
    const seen = found.find(({ id }) => id === expected.id)?.state;
    return state === undefined || seen === undefined ? expected : { ...expected, state: seen };
  }),
});
