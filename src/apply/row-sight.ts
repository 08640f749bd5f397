import type { TabletRef } from "../plan/refs.js";
import { type Leftovers, seeLeftovers } from "./leftovers.js";
import { type StreamSight, seeStreams } from "./sight.js";
import type { Site } from "./site.js";
import { type Known, known } from "./verdict.js";

/** The streams of one workflow on one tablet with all rows that belong to them. */
export type RowSight = StreamSight & { readonly leftovers: Leftovers };

interface OnTablet {
  readonly tablet: TabletRef;
  readonly workflow: string;
  readonly dbName: string;
}

export async function seeRows(
  { tablet, workflow, dbName }: OnTablet,
  ids: readonly number[],
  { world }: Site,
): Promise<Known<RowSight>> {
  const seen = await seeStreams(tablet, workflow, dbName, ids, world.reader);
  if (seen.kind !== "known") return seen;
  const leftovers = await seeLeftovers(tablet, ids, world.reader);
  return leftovers.kind === "known" ? known({ ...seen.value, leftovers: leftovers.value }) : leftovers;
}

/** For `before/`. */
export async function imageOfRows(at: OnTablet, ids: readonly number[], site: Site): Promise<Known<unknown>> {
  const seen = await seeRows(at, ids, site);
  if (seen.kind !== "known") return seen;
  const { rows, leftovers } = seen.value;
  return known({ streams: rows.map((row) => row.image), ...leftovers });
}

export const countOf = ({ copyState, postCopyActions }: Leftovers): number =>
  copyState.length + postCopyActions.length;
