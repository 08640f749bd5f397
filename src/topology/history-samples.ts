import { answered, type Outcome } from "../cluster/outcome.js";
import type { Past } from "./history-past.js";

/**
 * The oldest revision that can still be read, by bisection: etcd tells it only to a watch from the past, which would make it walk
 * all revisions under one lock (docs/decisions.md#d7). `now` is readable.
 */
export async function findHorizon(past: Past, now: number): Promise<Outcome<number>> {
  let [gone, readable] = [0, now];
  for (let probe = 1; readable - gone > 1 && past.allows(); probe = middle(gone, readable)) {
    const answer = await past.get(ANY_KEY, probe);
    if (answer.kind === "unanswered" && answer.reason !== "compacted") return answer;
    if (answer.kind === "answered") readable = probe;
    else gone = probe;
  }
  return answered(readable);
}

/** Whether a key exists at a revision does not matter, only whether the revision does; etcd wants some key. */
const ANY_KEY = "\0";

export const middle = (low: number, high: number): number => low + Math.floor((high - low) / 2);

/**
 * Revisions to look at, ascending, from the horizon to just before now. They find
 * - every key that lived at the horizon, and every key that lived at least as long as it has been gone (the distances to now double);
 * - every key that lived for at least a `count`th (less the doubling ones) of the whole span;
 * - every key at all where the span is not longer than `count`.
 * A key that came and went between two of them is missed.
 */
export function chooseRevisions(horizon: number, now: number, count: number): readonly number[] {
  const span = now - horizon;
  if (span <= count) return Array.from({ length: span }, (_, offset) => horizon + offset);
  const doubling: number[] = [];
  for (let distance = 1; distance <= span; distance *= 2) doubling.push(now - distance);
  const evenly = Math.max(1, count - doubling.length);
  const even = Array.from({ length: evenly }, (_, index) => horizon + Math.floor((index * span) / evenly));
  return [...new Set([...even, ...doubling])].sort((a, b) => a - b);
}
