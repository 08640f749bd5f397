import { answered, type Outcome } from "../cluster/outcome.js";
import type { Past } from "./history-past.js";

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

/** Keys under the prefixes at one revision: those that were read, how many, and how many stood there in all. */
interface Census {
  readonly lives: readonly Life[];
  readonly read: number;
  readonly standing: number;
}

export const idOf = ({ key, createRevision }: Life): string => `${createRevision} ${key}`;

/**
 * Follows the lives through ascending revisions up to the present and says between which two of them each one ended. Where as many
 * keys stand as before and were born since, nobody died, and the newborn were all that had to be read.
 */
export async function callRoll(
  past: Past,
  watched: Watched,
  revisions: readonly number[],
  present: { readonly revision: number; readonly census: Census },
): Promise<Outcome<readonly Lost[]>> {
  const roll = new Roll();
  for (const revision of revisions) {
    if (!past.allows()) break;
    const called = await callAt(past, watched, revision, roll);
    if (called.kind === "unanswered" && called.reason !== "compacted") return called;
  }
  roll.call(present.revision, present.census);
  return answered(roll.lost);
}

async function callAt(past: Past, watched: Watched, revision: number, roll: Roll): Promise<Outcome<null>> {
  const born = await takeCensus(past, watched, revision, roll.seen);
  if (born.kind === "unanswered") return born;
  if (roll.grow(revision, born.value)) return answered(null);
  const all = await takeCensus(past, watched, revision, 0);
  if (all.kind === "unanswered") return all;
  roll.call(revision, all.value);
  return answered(null);
}

/** Reads the keys that were created after `createdAfter`; 0: all of them. */
export async function takeCensus(
  past: Past,
  { prefixes, wanted }: Watched,
  revision: number,
  createdAfter: number,
): Promise<Outcome<Census>> {
  const lives: Life[] = [];
  let [read, standing] = [0, 0];
  for (const prefix of prefixes) {
    const found = await past.keys(prefix, revision, createdAfter);
    if (found.kind === "unanswered") return found;
    read += found.value.entries.length;
    standing += found.value.count;
    for (const { key, createRevision } of found.value.entries) {
      if (wanted(key)) lives.push({ key, createRevision });
    }
  }
  return answered({ lives, read, standing });
}

class Roll {
  readonly lost: Lost[] = [];
  readonly #open = new Map<string, Life>();
  #standing = 0;
  #seen = 0;

  /** The last revision that it was called at; 0: none yet. */
  get seen(): number {
    return this.#seen;
  }

  /** Takes up the newborn if they account for all that stand; false, and nothing done, where somebody died meanwhile. */
  grow(revision: number, born: Census): boolean {
    if (born.standing !== this.#standing + born.read) return false;
    this.#note(revision, born);
    return true;
  }

  /** Everybody who does not answer is lost. */
  call(revision: number, all: Census): void {
    const here = new Set(all.lives.map(idOf));
    const gone = [...this.#open].filter(([id]) => !here.has(id));
    for (const [id] of gone) this.#open.delete(id);
    if (gone.length > 0) {
      this.lost.push({ lives: gone.map(([, life]) => life), seen: this.#seen, missed: revision });
    }
    this.#note(revision, all);
  }

  #note(revision: number, { lives, standing }: Census): void {
    for (const life of lives) this.#open.set(idOf(life), life);
    this.#standing = standing;
    this.#seen = revision;
  }
}
