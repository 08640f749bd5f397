import { UsageError } from "../cluster/errors.js";
import type { Facts } from "../snapshot/facts.js";
import { readMeta } from "./circumstances.js";
import type { Queryable } from "./rule.js";

const SETTLED_IDS = "settled_ids_json";

/** The second of two settled observations with the findings that the first showed too: judged from a file it says what it said live. */
export const withSettledIds = (facts: Facts, ids: readonly string[]): Facts => ({
  ...facts,
  meta: [...facts.meta, { name: SETTLED_IDS, value: JSON.stringify(ids) }].toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  ),
});

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
