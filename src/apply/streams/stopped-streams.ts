import type { StreamSet } from "../../plan/fields.js";
import { type Known, type Refused, refused } from "../check.js";
import type { RunContext } from "../run-context.js";
import { differsFrom, nameOf } from "../tablet/identity.js";
import { readdressed } from "../tablet/tablet-address.js";
import { inIds, readStreams, type StreamState } from "./stream-state.js";

/** Looks at every set, each behind a fresh proof of identity; the first that can not be seen ends it. */
export async function readStreamSets(
  sets: readonly StreamSet[],
  context: RunContext,
): Promise<Known<readonly StreamState[]>> {
  const seen = await Promise.all(sets.map((set) => readStreamSet(set, context)));
  const states: StreamState[] = [];
  for (const one of seen) {
    if (one.kind !== "known") return one;
    states.push(one.value);
  }
  return { kind: "known", value: states };
}

async function readStreamSet(set: StreamSet, context: RunContext): Promise<Known<StreamState>> {
  const at = await readdressed(set.tablet, context.ports);
  if (at.kind !== "known") return at;
  const differs = await differsFrom(at.value, context.ports.reader);
  return differs ?? readStreams(at.value, set.workflow, set.dbName, set.ids, context.ports.reader);
}

/** Null: every stream of the set is Stopped in `_vt`, and Stopped or absent in the engine. */
export function notStopped(set: StreamSet, state: StreamState): Refused | null {
  const where = `of ${set.workflow} on ${nameOf(set.tablet)}`;
  const missing = set.ids.filter((id) => !state.rows.some((row) => row.id === id));
  if (missing.length > 0) return refused(`the row of ${inIds(missing)} ${where} is gone`);
  for (const row of state.rows) {
    if (row.state !== "Stopped") return refused(`${inIds([row.id])} ${where} is ${row.state} in _vt`);
  }
  for (const stream of state.engine) {
    if (stream.state !== "Stopped") {
      return refused(`${inIds([stream.id])} ${where} is ${stream.state} in the engine`);
    }
  }
  return null;
}

export const streamsIn = (sets: readonly StreamSet[]): string => {
  const count = sets.reduce((sum, set) => sum + set.ids.length, 0);
  return `${count} stream${count === 1 ? "" : "s"} on ${sets.length} tablet${sets.length === 1 ? "" : "s"}`;
};
