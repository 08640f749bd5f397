import type { StreamSet } from "../plan/refs.js";
import { differsFrom, nameOf } from "./identity.js";
import { readdressed } from "./readdress.js";
import { inIds, type StreamSight, seeStreams } from "./sight.js";
import type { Site } from "./site.js";
import { type Known, type Refused, refused } from "./verdict.js";

/** Looks at every set, each behind a fresh proof of identity; the first that can not be seen ends it. */
export async function seeAll(sets: readonly StreamSet[], site: Site): Promise<Known<readonly StreamSight[]>> {
  const seen = await Promise.all(sets.map((set) => seeOne(set, site)));
  const sights: StreamSight[] = [];
  for (const one of seen) {
    if (one.kind !== "known") return one;
    sights.push(one.value);
  }
  return { kind: "known", value: sights };
}

async function seeOne(set: StreamSet, site: Site): Promise<Known<StreamSight>> {
  const at = await readdressed(set.tablet, site.world);
  if (at.kind !== "known") return at;
  const differs = await differsFrom(at.value, site.world.reader);
  return differs ?? seeStreams(at.value, set.workflow, set.dbName, set.ids, site.world.reader);
}

/** Null: every stream of the set is Stopped in `_vt`, and Stopped or absent in the engine. */
export function notStopped(set: StreamSet, sight: StreamSight): Refused | null {
  const where = `of ${set.workflow} on ${nameOf(set.tablet)}`;
  const missing = set.ids.filter((id) => !sight.rows.some((row) => row.id === id));
  if (missing.length > 0) return refused(`the row of ${inIds(missing)} ${where} is gone`);
  for (const row of sight.rows) {
    if (row.state !== "Stopped") return refused(`${inIds([row.id])} ${where} is ${row.state} in _vt`);
  }
  for (const stream of sight.engine) {
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
