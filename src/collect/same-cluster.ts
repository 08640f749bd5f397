import type { Entry } from "../topology/store.js";
import type { OpenServer } from "./server-session.js";
import type { ServerReading } from "./topology-reading.js";

export type Likeness = "same" | "other" | "unknown";

/**
 * Whether a server is the cluster that was read already. Its cluster id alone does not prove it: etcd hashes it from how the members were
 * first configured, so clusters that were set up alike (a single `default` on localhost, one chart in two Kubernetes clusters) share it.
 * The same bytes under the same key, of the same revisions, do, unless one is a clone of the other and fell behind it.
 */
export async function compareClusters(read: ServerReading, other: OpenServer): Promise<Likeness> {
  const newest = newestEntry(read);
  if (newest === null || read.revision === null || other.status.kind === "unanswered") return "unknown";
  if (other.status.value.clusterId !== read.clusterId) return "other";
  const there = await other.reader.get(newest.key, read.revision);
  if (there.kind === "unanswered") return /future revision/.test(there.message) ? "other" : "unknown";
  if (there.value.entry === null || !isSameEntry(newest, there.value.entry)) return "other";
  return await reaches(read, other.status.value.revision);
}

/** A clone shares the past of the etcd that it was taken from: what that one has written since it never saw. */
async function reaches({ reader }: ServerReading, revision: number): Promise<Likeness> {
  const now = await reader.status();
  if (now.kind === "unanswered") return "unknown";
  return now.value.revision >= revision ? "same" : "other";
}

function newestEntry({ entries }: ServerReading): Entry | null {
  let newest: Entry | null = null;
  for (const entry of entries.values())
    if (newest === null || entry.modRevision > newest.modRevision) newest = entry;
  return newest;
}

const isSameEntry = (one: Entry, other: Entry): boolean =>
  one.modRevision === other.modRevision &&
  one.createRevision === other.createRevision &&
  Buffer.from(one.value).equals(other.value);
