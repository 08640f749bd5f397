import type { Read } from "../plan/refs.js";
import { differsFrom, nameOf } from "./identity.js";
import type { OwnChanges } from "./own-changes.js";
import { readdressed } from "./readdress.js";
import { inIds } from "./sight.js";
import { type Refused, refused, type Silent, silent } from "./verdict.js";
import type { World } from "./world.js";

type KeyRead = Extract<Read, { kind: "topo-key" }>;
type RowsRead = Extract<Read, { kind: "stream-rows" }>;

/**
 * Reads the topology keys again that the plan was decided on; null: all are at their revisions, but for those that the run has begun
 * to write itself.
 */
export async function movedKey(
  reads: readonly Read[],
  own: OwnChanges,
  world: World,
): Promise<Refused | Silent | null> {
  const keys = reads.filter((read): read is KeyRead => read.kind === "topo-key" && !own.wroteKey(read));
  return worst(await Promise.all(keys.map((read) => movedSince(read, world))));
}

/** The same for the ids of rows of `_vt.vreplication`, behind a proof of each tablet's identity. */
export async function movedRows(
  reads: readonly Read[],
  own: OwnChanges,
  world: World,
): Promise<Refused | Silent | null> {
  const rows = reads.filter(
    (read): read is RowsRead => read.kind === "stream-rows" && !own.changedStreams(read),
  );
  return worst(await Promise.all(rows.map((read) => otherRows(read, world))));
}

/** What is known to have moved says more than who was silent. */
const worst = (verdicts: readonly (Refused | Silent | null)[]): Refused | Silent | null =>
  verdicts.find((verdict) => verdict?.kind === "refused") ??
  verdicts.find((verdict) => verdict !== null) ??
  null;

async function movedSince(read: KeyRead, world: World): Promise<Refused | Silent | null> {
  const got = await world.store(read.server).get(read.key);
  if (got.kind === "unanswered") return silent(read.server, got);
  const now = got.value.entry?.modRevision ?? 0;
  if (now === read.modRevision) return null;
  return refused(
    `${read.key} ${read.modRevision === 0 ? `did not exist and is at revision ${now}` : now === 0 ? `was at revision ${read.modRevision} and is gone` : `was at revision ${read.modRevision} and is at ${now}`}`,
  );
}

async function otherRows(read: RowsRead, world: World): Promise<Refused | Silent | null> {
  const at = await readdressed(read.tablet, world);
  if (at.kind !== "known") return at;
  const tablet = at.value;
  const differs = await differsFrom(tablet, world.reader);
  if (differs !== null) return differs;
  const rows = await world.reader.rows(tablet.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(tablet), rows);
  const ids = rows.value
    .filter((row) => row.workflow === read.workflow && row.db_name === read.dbName)
    .map((row) => Number(row.id))
    .toSorted((one, other) => one - other);
  if (ids.join() === read.ids.toSorted((one, other) => one - other).join()) return null;
  return refused(
    `${read.workflow} on ${nameOf(tablet)} had ${read.ids.length === 0 ? "no stream" : inIds(read.ids)} and has ${ids.length === 0 ? "none" : inIds(ids)}`,
  );
}
