import { SETTLE_MS } from "./assess.js";
import { readCircumstances } from "./circumstances.js";
import { matchedIds } from "./judge.js";
import type { Queryable, Rule } from "./rule.js";
import { type FirstLook, settledSince } from "./settled.js";

/** Older looks say nothing of a moment that lasts since: what they saw may have come and gone. */
const OLDEST_MS = 3_600_000;

/** A look as the first of two, with what it knew of those before it. */
export function firstLookOf(snapshot: Queryable, rules: readonly Rule[]): FirstLook {
  const at = readCircumstances(snapshot).takenAt;
  const before = settledSince(snapshot);
  return { since: new Map(matchedIds(snapshot, rules).map((id) => [id, before.get(id) ?? at])), at };
}

/** The last scan as the first of two looks, of which `now` is the second. Null: it is more than 1 h old, or yet to come. */
export function firstLookIn(last: Queryable, rules: readonly Rule[], now: Queryable): FirstLook | null {
  const { takenAt } = readCircumstances(now);
  const look = firstLookOf(last, rules);
  if (takenAt - look.at > OLDEST_MS || look.at > takenAt) return null;
  // What began less than 30 s ago settles nothing, and is looked for again.
  return { ...look, since: new Map([...look.since].filter(([, since]) => takenAt - since >= SETTLE_MS)) };
}
