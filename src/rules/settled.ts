import { UsageError } from "../cluster/errors.js";
import type { Facts } from "../snapshot/facts.js";
import { readMeta } from "./circumstances.js";
import type { Queryable } from "./rule.js";

/** What was seen before a look. Times are unix milliseconds. */
export interface FirstLook {
  /** Finding id -> the first of the looks without a gap that all showed it, up to this one. */
  readonly since: ReadonlyMap<string, number>;
  /** When this look was. */
  readonly at: number;
}

const SETTLED_IDS = "settled_ids_json";

/** The second of two looks with what was seen before, and since when: judged from a file it says what it said live. */
export const withFirstLook = (facts: Facts, { since, at }: FirstLook): Facts => {
  const own = [
    { name: SETTLED_IDS, value: JSON.stringify(Object.fromEntries(since)) },
    { name: "first_seen_at_ms", value: String(at) },
  ];
  const others = facts.meta.filter(({ name }) => own.every((row) => row.name !== name));
  return { ...facts, meta: [...others, ...own].toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
};

/**
 * Finding id -> when an observation before this one first saw it, unix milliseconds; empty where there was none. A snapshot of 0.1 lists ids
 * only, of the one look before it. Throws `UsageError`.
 */
export function settledSince(snapshot: Queryable): ReadonlyMap<string, number> {
  const json = readMeta(snapshot, SETTLED_IDS);
  if (json === null) return new Map();
  const value = parsed(json);
  if (Array.isArray(value)) {
    const at = Number(readMeta(snapshot, "first_seen_at_ms"));
    if (value.every((id): id is string => typeof id === "string"))
      return new Map(value.map((id) => [id, at]));
  } else if (typeof value === "object" && value !== null) {
    const times = Object.entries(value);
    if (times.every((pair): pair is [string, number] => typeof pair[1] === "number")) return new Map(times);
  }
  throw new UsageError(
    `the snapshot's meta ${SETTLED_IDS} is not JSON of findings and the times that they were first seen: save the snapshot again`,
  );
}

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
