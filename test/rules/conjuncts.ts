import type { Finding } from "../../src/findings/finding.js";
import { difference, expectedOf, LOOK, type Recordings, stateOf } from "../../src/rules/examples.js";
import { judge } from "../../src/rules/judge.js";
import type { Example, Queryable, Rule, Value } from "../../src/rules/rule.js";

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
  const built = stateOf(rule, example, recordings);
  if (built === null) throw new Error(`${rule.id}: there is no recording ${example.recording}`);
  const state = askedOnce(built);
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
    built.close();
  }
};

/** Nothing writes to the state any more: a query that is asked again, as those of the rules that are followed are for each condition, has the same rows. */
const askedOnce = (state: Queryable): Queryable => {
  const known = new Map<string, readonly unknown[]>();
  return {
    all: <T>(sql: string, ...values: readonly Value[]) => {
      const question = JSON.stringify([sql, values]);
      const rows = known.get(question) ?? state.all<T>(sql, ...values);
      known.set(question, rows);
      return rows as readonly T[];
    },
    rows: state.rows,
  };
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
