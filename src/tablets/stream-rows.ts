import { answered, mapOutcome, type Outcome } from "../cluster/outcome.js";
import type { SidecarRow } from "./access.js";
import { isTooLarge } from "./grpc-errors.js";
import { SIDECAR_READS, STREAM_IDS, streamsBetween } from "./queries.js";

type Fetch = (sql: string) => Promise<Outcome<readonly SidecarRow[]>>;

/**
 * All rows of `_vt.vreplication`. A `source` holds one rule per table and may be megabytes, so all of them can be more than the
 * 16 MiB that one gRPC message may hold: then they are read by halves of the ids. One row that is too large alone stays unanswered.
 */
export async function fetchStreams(fetch: Fetch): Promise<Outcome<readonly SidecarRow[]>> {
  const all = await fetch(SIDECAR_READS.streams);
  if (!isTooLarge(all)) return all;
  const ids = mapOutcome(await fetch(STREAM_IDS), (rows) => rows.map((row) => BigInt(row.id ?? 0)));
  return ids.kind === "unanswered" ? ids : fetchHalves(fetch, ids.value);
}

async function fetchHalves(fetch: Fetch, ids: readonly bigint[]): Promise<Outcome<readonly SidecarRow[]>> {
  const middle = Math.ceil(ids.length / 2);
  const rows: SidecarRow[] = [];
  for (const half of [ids.slice(0, middle), ids.slice(middle)]) {
    const part = await fetchPart(fetch, half);
    if (part.kind === "unanswered") return part;
    rows.push(...part.value);
  }
  return answered(rows);
}

async function fetchPart(fetch: Fetch, ids: readonly bigint[]): Promise<Outcome<readonly SidecarRow[]>> {
  const [first, last] = [ids[0], ids.at(-1)];
  if (first === undefined || last === undefined) return answered([]);
  const part = await fetch(streamsBetween(first, last));
  return isTooLarge(part) && ids.length > 1 ? fetchHalves(fetch, ids) : part;
}
