import { answered, type Outcome } from "../cluster/outcome.js";
import { idOf, type Life, type Lost, middle } from "./history-revisions.js";
import type { OldRevisions } from "./old-revisions.js";
import type { Entry } from "./store.js";

export interface Deletion extends Life {
  readonly deletedRevision: number;
}

export interface Deletions {
  readonly located: readonly Deletion[];
  /** Gone as well, but the budget or the history ended before the revision was found. */
  readonly unlocated: readonly Life[];
}

/** Bisects to each deletion; keys that vanished together share the requests until their revisions part. */
export async function locateDeletions(
  past: OldRevisions,
  lost: readonly Lost[],
): Promise<Outcome<Deletions>> {
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

/** A deleted key as it was one revision before. */
export interface LastEntry {
  readonly deletedRevision: number;
  readonly entry: Entry;
}

export interface LastEntries {
  /** By key, then by deletion. */
  readonly found: readonly LastEntry[];
  /** The budget or the history ended before these were read. */
  readonly unread: readonly Deletion[];
}

export async function lastEntries(
  past: OldRevisions,
  deletions: readonly Deletion[],
): Promise<Outcome<LastEntries>> {
  const found: LastEntry[] = [];
  const unread: Deletion[] = [];
  for (const deletion of deletions.toSorted(order)) {
    const before = past.allows() ? await past.get(deletion.key, deletion.deletedRevision - 1) : null;
    if (before?.kind === "unanswered" && before.reason !== "compacted") return before;
    const entry = before?.kind === "answered" ? before.value.entry : null;
    if (entry) found.push({ deletedRevision: deletion.deletedRevision, entry });
    else unread.push(deletion);
  }
  return answered({ found, unread });
}

const order = (a: Deletion, b: Deletion): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : a.deletedRevision - b.deletedRevision;
