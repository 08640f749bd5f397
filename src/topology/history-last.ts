import { answered, type Outcome } from "../cluster/outcome.js";
import type { Deletion } from "./history-deletions.js";
import type { Past } from "./history-past.js";
import type { Entry } from "./store.js";

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

export async function lastEntries(past: Past, deletions: readonly Deletion[]): Promise<Outcome<LastEntries>> {
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
