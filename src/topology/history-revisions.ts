import { answered, type Outcome } from "../cluster/outcome.js";
import type { OldRevisions } from "./old-revisions.js";

/** One life of a key, from its creation to its deletion: a key that was made again is another one. */
export interface Life {
  readonly key: string;
  readonly createRevision: number;
}

/** Lives that were there at `seen` and gone at `missed`. */
export interface Lost {
  readonly lives: readonly Life[];
  readonly seen: number;
  readonly missed: number;
}

/** Which keys are followed. */
export interface Watched {
  /** Only keys under these are looked at; none lies under another. */
  readonly prefixes: readonly string[];
  /** Whether the loss of such a key matters: locks come and go by the thousand. */
  readonly wanted: (key: string) => boolean;
}

/** Keys under the prefixes at one revision: those that were read, how many, and how many there were in all. */
interface KeySample {
  readonly lives: readonly Life[];
  readonly read: number;
  readonly count: number;
}

export const idOf = ({ key, createRevision }: Life): string => `${createRevision} ${key}`;

/**
 * Follows the lives through ascending revisions up to the present and says between which two of them each one ended. Where as many
 * keys stand as before and were born since, nobody died, and the newborn were all that had to be read.
 */
export async function lostBetween(
  past: OldRevisions,
  watched: Watched,
  revisions: readonly number[],
  present: { readonly revision: number; readonly sample: KeySample },
): Promise<Outcome<readonly Lost[]>> {
  const tracker = new LifeTracker();
  for (const revision of revisions) {
    if (!past.allows()) break;
    const sampled = await sampleAt(past, watched, revision, tracker);
    if (sampled.kind === "unanswered" && sampled.reason !== "compacted") return sampled;
  }
  tracker.sample(present.revision, present.sample);
  return answered(tracker.lost);
}

async function sampleAt(
  past: OldRevisions,
  watched: Watched,
  revision: number,
  tracker: LifeTracker,
): Promise<Outcome<null>> {
  const born = await sampleKeys(past, watched, revision, tracker.seen);
  if (born.kind === "unanswered") return born;
  if (tracker.addNewborn(revision, born.value)) return answered(null);
  const all = await sampleKeys(past, watched, revision, 0);
  if (all.kind === "unanswered") return all;
  tracker.sample(revision, all.value);
  return answered(null);
}

/** Reads the keys that were created after `createdAfter`; 0: all of them. */
export async function sampleKeys(
  past: OldRevisions,
  { prefixes, wanted }: Watched,
  revision: number,
  createdAfter: number,
): Promise<Outcome<KeySample>> {
  const lives: Life[] = [];
  let [read, count] = [0, 0];
  for (const prefix of prefixes) {
    const found = await past.keys(prefix, revision, createdAfter);
    if (found.kind === "unanswered") return found;
    read += found.value.entries.length;
    count += found.value.count;
    for (const { key, createRevision } of found.value.entries) {
      if (wanted(key)) lives.push({ key, createRevision });
    }
  }
  return answered({ lives, read, count });
}

class LifeTracker {
  readonly lost: Lost[] = [];
  readonly #open = new Map<string, Life>();
  #count = 0;
  #seen = 0;

  /** The last revision that was sampled; 0: none yet. */
  get seen(): number {
    return this.#seen;
  }

  /** Takes up the newborn if they account for all that stand; false, and nothing done, where somebody died meanwhile. */
  addNewborn(revision: number, born: KeySample): boolean {
    if (born.count !== this.#count + born.read) return false;
    this.#note(revision, born);
    return true;
  }

  /** What is not there any more is lost. */
  sample(revision: number, all: KeySample): void {
    const here = new Set(all.lives.map(idOf));
    const gone = [...this.#open].filter(([id]) => !here.has(id));
    for (const [id] of gone) this.#open.delete(id);
    if (gone.length > 0) {
      this.lost.push({ lives: gone.map(([, life]) => life), seen: this.#seen, missed: revision });
    }
    this.#note(revision, all);
  }

  #note(revision: number, { lives, count }: KeySample): void {
    for (const life of lives) this.#open.set(idOf(life), life);
    this.#count = count;
    this.#seen = revision;
  }
}

/**
 * The oldest revision that can still be read, by bisection: etcd tells it only to a watch from the past, which would make it walk
 * all revisions under one lock (docs/decisions.md#d7). `now` is readable.
 */
export async function findHorizon(past: OldRevisions, now: number): Promise<Outcome<number>> {
  let [gone, readable] = [0, now];
  for (let probe = 1; readable - gone > 1 && past.allows(); probe = middle(gone, readable)) {
    const answer = await past.get(ANY_KEY, probe);
    if (answer.kind === "unanswered" && answer.reason !== "compacted") return answer;
    if (answer.kind === "answered") readable = probe;
    else gone = probe;
  }
  return answered(readable);
}

/** Whether a key exists at a revision does not matter, only whether the revision does; etcd wants some key. */
const ANY_KEY = "\0";

export const middle = (low: number, high: number): number => low + Math.floor((high - low) / 2);

/**
 * Revisions to look at, ascending, from the horizon to just before now. They find
 * - every key that lived at the horizon, and every key that lived at least as long as it has been gone (the distances to now double);
 * - every key that lived for at least a `count`th (less the doubling ones) of the whole span;
 * - every key at all where the span is not longer than `count`.
 * A key that came and went between two of them is missed.
 */
export function chooseRevisions(horizon: number, now: number, count: number): readonly number[] {
  const span = now - horizon;
  if (span <= count) return Array.from({ length: span }, (_, offset) => horizon + offset);
  const doubling: number[] = [];
  for (let distance = 1; distance <= span; distance *= 2) doubling.push(now - distance);
  const evenly = Math.max(1, count - doubling.length);
  const even = Array.from({ length: evenly }, (_, index) => horizon + Math.floor((index * span) / evenly));
  return [...new Set([...even, ...doubling])].sort((a, b) => a - b);
}
