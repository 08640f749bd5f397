import { answered, type Outcome } from "../cluster/outcome.js";
import { lastEntries, locateDeletions } from "./history-deletions.js";
import { type LocksOf, locksBefore } from "./history-locks.js";
import { chooseRevisions, findHorizon, lostBetween, sampleKeys, type Watched } from "./history-revisions.js";
import { OldRevisions } from "./old-revisions.js";
import type { Entry, TopologyReader } from "./store.js";

/** What to look for in the past of one etcd (docs/decisions.md#d7, docs/decisions.md#d8). */
export interface HistoryRequest extends Watched {
  /**
   * Prefixes of the lock keys that may have covered the deletion of the record. Null where the locks live in another etcd than the
   * record: their revisions have nothing in common, and only the locks' times can be compared.
   */
  readonly locksOf: LocksOf | null;
  /** Old revisions to sample; `chooseRevisions` says what they find. */
  readonly samples: number;
  /** Requests to etcd in all. */
  readonly budget: number;
}

export interface History {
  readonly revision: number;
  /** The oldest revision that could be read: older deletions are unknown, not absent. */
  readonly horizon: number;
  /** By key, then by deletion. */
  readonly lost: readonly LostKey[];
  /** Keys that are known to be gone, of which the budget or the compaction let no more be learnt. */
  readonly unresolved: readonly string[];
  /** The budget ended before everything was read; more may be lost. */
  readonly exhausted: boolean;
  readonly requests: number;
}

/** A key that was deleted, with its last bytes. */
interface LostKey {
  readonly key: string;
  /** The revision of the deletion itself. */
  readonly deletedRevision: number;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** A key of this name exists again. */
  readonly recreated: boolean;
  /** Lock keys, waiters included, one revision before the deletion; null where they could not be read together with it. */
  readonly locks: readonly Entry[] | null;
}

/**
 * Finds what vanished, with keys-only ranges at a few old revisions, bisection to each deletion and one read before it; never a watch
 * from the past. A key that lived only between two samples is missed. Any failure of etcd but compaction is the outcome of the whole.
 */
export async function readHistory(
  reader: Pick<TopologyReader, "status" | "range" | "get">,
  request: HistoryRequest,
): Promise<Outcome<History>> {
  const status = await reader.status();
  if (status.kind === "unanswered") return status;
  const { revision } = status.value;
  const past = new OldRevisions(reader, request.budget);
  const horizon = await findHorizon(past, revision);
  if (horizon.kind === "unanswered") return horizon;
  const present = await sampleKeys(past, request, revision, 0);
  if (present.kind === "unanswered") return present;
  const samples = chooseRevisions(horizon.value, revision, request.samples);
  const lost = await lostBetween(past, request, samples, { revision, sample: present.value });
  if (lost.kind === "unanswered") return lost;

  const deletions = await locateDeletions(past, lost.value);
  if (deletions.kind === "unanswered") return deletions;
  const last = await lastEntries(past, deletions.value.located);
  if (last.kind === "unanswered") return last;
  const locks = await locksBefore(past, request.locksOf, last.value.found);
  if (locks.kind === "unanswered") return locks;
  const here = new Set(present.value.lives.map(({ key }) => key));
  return answered({
    revision,
    horizon: horizon.value,
    lost: last.value.found.map(({ deletedRevision, entry }, index) => ({
      key: entry.key,
      deletedRevision,
      value: entry.value,
      createRevision: entry.createRevision,
      modRevision: entry.modRevision,
      recreated: here.has(entry.key),
      locks: locks.value[index] ?? null,
    })),
    unresolved: [
      ...new Set([...deletions.value.unlocated, ...last.value.unread].map(({ key }) => key)),
    ].sort(),
    exhausted: past.exhausted,
    requests: past.requests,
  });
}
