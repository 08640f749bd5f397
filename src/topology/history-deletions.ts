import { answered, type Outcome } from "../cluster/outcome.js";
import type { Past } from "./history-past.js";
import { middle } from "./history-samples.js";
import type { Entry } from "./store.js";

/** One life of a key, from its creation to its deletion: a key that was made again is another one. */
export interface Life {
  readonly key: string;
  readonly createRevision: number;
}

/** Lives that were there at `seen` and gone at `missed`. */
interface Lost {
  readonly lives: readonly Life[];
  readonly seen: number;
  readonly missed: number;
}

export interface Deletion extends Life {
  readonly deletedRevision: number;
}

export interface Deletions {
  readonly located: readonly Deletion[];
  /** Gone as well, but the budget or the history ended before the revision was found. */
  readonly unlocated: readonly Life[];
}

const idOf = ({ key, createRevision }: Life): string => `${createRevision} ${key}`;

/** Follows the lives through ascending revisions and notes between which two of them each one ends. */
export class Roll {
  readonly #open = new Map<string, Life>();
  readonly #lost: Lost[] = [];
  #seen = 0;

  call(revision: number, present: readonly Entry[]): void {
    const here = new Map(present.map((life) => [idOf(life), life]));
    const gone = [...this.#open].filter(([id]) => !here.has(id));
    for (const [id] of gone) this.#open.delete(id);
    if (gone.length > 0) {
      this.#lost.push({ lives: gone.map(([, life]) => life), seen: this.#seen, missed: revision });
    }
    for (const [id, { key, createRevision }] of here) this.#open.set(id, { key, createRevision });
    this.#seen = revision;
  }

  get lost(): readonly Lost[] {
    return this.#lost;
  }
}

/** Bisects to each deletion; keys that vanished together share the requests until their revisions part. */
export async function locateDeletions(past: Past, lost: readonly Lost[]): Promise<Outcome<Deletions>> {
  const located: Deletion[] = [];
  const unlocated: Life[] = [];
  const open = [...lost];
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    const { lives, seen, missed } = group;
    if (missed - seen === 1) {
      located.push(...lives.map((life) => ({ ...life, deletedRevision: missed })));
      continue;
    }
    if (!past.allows()) {
      unlocated.push(...lives);
      continue;
    }
    const between = middle(seen, missed);
    const answer = await past.keys(commonPrefix(lives.map(({ key }) => key)), between);
    if (answer.kind === "answered") {
      const here = new Set(answer.value.entries.map(idOf));
      const [still, gone] = [
        lives.filter((life) => here.has(idOf(life))),
        lives.filter((life) => !here.has(idOf(life))),
      ];
      if (still.length > 0) open.push({ lives: still, seen: between, missed });
      if (gone.length > 0) open.push({ lives: gone, seen, missed: between });
    } else if (answer.reason === "compacted") unlocated.push(...lives);
    else return answer;
  }
  return answered({ located, unlocated });
}

function commonPrefix(keys: readonly string[]): string {
  const [first = "", ...rest] = keys;
  let length = first.length;
  for (const key of rest) while (!key.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
