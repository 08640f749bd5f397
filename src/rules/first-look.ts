import { SETTLE_MS } from "./assess.js";
import { readMeta } from "./circumstances.js";
import { matchedIds } from "./judge.js";
import type { Queryable, Rule } from "./rule.js";
import { type FirstLook, settledSince } from "./settled.js";

/** Older looks say nothing of a moment that lasts since: what they saw may have come and gone. */
const OLDEST_MS = 3_600_000;

export const firstLookOf = (snapshot: Queryable, rules: readonly Rule[]): FirstLook => ({
  ids: matchedIds(snapshot, rules),
  at: takenAt(snapshot),
});

/**
 * The last scan as the first of two looks, of which `now` is the second: where it is too young itself, what it had seen before, if that is
 * old enough. Null: neither is 30 s to 1 h old.
 */
export function firstLookIn(last: Queryable, rules: readonly Rule[], now: Queryable): FirstLook | null {
  const fits = (at: number): boolean => {
    const apart = takenAt(now) - at;
    return apart >= SETTLE_MS && apart <= OLDEST_MS;
  };
  const look = firstLookOf(last, rules);
  if (fits(look.at)) return look;
  const since = Number(readMeta(last, "first_seen_at_ms"));
  const before = settledSince(last);
  return fits(since) ? { ids: look.ids.filter((id) => before.has(id)), at: since } : null;
}

const takenAt = (snapshot: Queryable): number => Number(readMeta(snapshot, "taken_at_ms"));
