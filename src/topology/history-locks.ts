import { answered, type Outcome } from "../cluster/outcome.js";
import type { LastEntry } from "./history-deletions.js";
import type { OldRevisions } from "./old-revisions.js";
import type { Entry } from "./store.js";

export type LocksOf = (key: string, value: Uint8Array) => readonly string[];

/** For each deletion the locks that stood before it; null where `locksOf` is, or where one of its prefixes could not be read. */
export async function locksBefore(
  past: OldRevisions,
  locksOf: LocksOf | null,
  lost: readonly LastEntry[],
): Promise<Outcome<readonly (readonly Entry[] | null)[]>> {
  if (locksOf === null) return answered(lost.map(() => null));
  const prefixes = lost.map(({ entry }) => locksOf(entry.key, entry.value));
  const revisions = new Map<string, Set<number>>();
  for (const [index, { deletedRevision }] of lost.entries()) {
    for (const prefix of prefixes[index] ?? []) {
      revisions.set(prefix, (revisions.get(prefix) ?? new Set()).add(deletedRevision));
    }
  }
  const locks = new HistoricLocks(past);
  for (const [prefix, deletions] of revisions) {
    const read = await locks.read(
      prefix,
      [...deletions].sort((a, b) => a - b),
    );
    if (read.kind === "unanswered") return read;
  }
  return answered(
    lost.map(({ deletedRevision }, index) => {
      const held = (prefixes[index] ?? []).map((prefix) => locks.at(prefix, deletedRevision));
      const known = held.filter((entries) => entries !== null);
      return known.length === held.length ? known.flat() : null;
    }),
  );
}

/**
 * The lock keys that existed under each prefix just before each of the revisions. Where the same keys stand at the first and the last
 * of several revisions they stood at all between (a key that is made again has another create revision), so that a thousand deletions
 * under one lock cost two reads. A second lock that came and went meanwhile is not seen.
 */
class HistoricLocks {
  readonly #known = new Map<string, readonly Entry[]>();

  constructor(private readonly past: OldRevisions) {}

  /** Null where the budget ended before it was read, or etcd has forgotten it. */
  at(prefix: string, deletedRevision: number): readonly Entry[] | null {
    return this.#known.get(place(prefix, deletedRevision)) ?? null;
  }

  /** `null` for success; a failure of etcd other than compaction. `revisions` ascend. */
  async read(prefix: string, revisions: readonly number[]): Promise<Outcome<null>> {
    const [first, last] = [revisions[0], revisions.at(-1)];
    if (first === undefined || last === undefined) return answered(null);
    for (const edge of new Set([first, last])) {
      const outcome = await this.#readOne(prefix, edge);
      if (outcome.kind === "unanswered") return outcome;
    }
    const inner = revisions.slice(1, -1);
    const [before, after] = [this.at(prefix, first), this.at(prefix, last)];
    if (before !== null && before.length > 0 && after !== null && sameKeys(before, after)) {
      for (const revision of inner) this.#known.set(place(prefix, revision), before);
      return answered(null);
    }
    const half = Math.ceil(inner.length / 2);
    const left = await this.read(prefix, inner.slice(0, half));
    return left.kind === "unanswered" ? left : this.read(prefix, inner.slice(half));
  }

  async #readOne(prefix: string, revision: number): Promise<Outcome<null>> {
    if (this.#known.has(place(prefix, revision)) || !this.past.allows()) return answered(null);
    const answer = await this.past.entries(prefix, revision - 1);
    if (answer.kind === "answered") this.#known.set(place(prefix, revision), answer.value.entries);
    else if (answer.reason !== "compacted") return answer;
    return answered(null);
  }
}

const place = (prefix: string, revision: number): string => `${revision} ${prefix}`;

const sameKeys = (a: readonly Entry[], b: readonly Entry[]): boolean =>
  a.length === b.length &&
  a.every((entry, index) => entry.key === b[index]?.key && entry.createRevision === b[index].createRevision);
