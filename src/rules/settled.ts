import { UsageError } from "../cluster/errors.js";
import type { Facts } from "../snapshot/facts.js";
import { readMeta } from "./circumstances.js";
import type { Queryable } from "./rule.js";

/** What an earlier look showed, and when (unix milliseconds). */
export interface FirstLook {
  readonly ids: readonly string[];
  readonly at: number;
}

const SETTLED_IDS = "settled_ids_json";

/** The second of two looks with what the first showed, and when: judged from a file it says what it said live. */
export const withFirstLook = (facts: Facts, { ids, at }: FirstLook): Facts => {
  const own = [
    { name: SETTLED_IDS, value: JSON.stringify(ids) },
    { name: "first_seen_at_ms", value: String(at) },
  ];
  const others = facts.meta.filter(({ name }) => own.every((row) => row.name !== name));
  return { ...facts, meta: [...others, ...own].toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
};

/** Finding id -> when the first observation saw it, unix milliseconds; empty where there was one only. Throws `UsageError`. */
export function settledSince(snapshot: Queryable): ReadonlyMap<string, number> {
  const json = readMeta(snapshot, SETTLED_IDS);
  const since = Number(readMeta(snapshot, "first_seen_at_ms"));
  return new Map(json === null ? [] : idsIn(json).map((id) => [id, since] as const));
}

function idsIn(json: string): readonly string[] {
  const value = parsed(json);
  if (Array.isArray(value) && value.every((id): id is string => typeof id === "string")) return value;
  throw new UsageError(
    `the snapshot's meta ${SETTLED_IDS} is not a JSON list of findings: save the snapshot again`,
  );
}

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
