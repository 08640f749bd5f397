import type { Entry } from "../topology/store.js";
import type { OpenServer } from "./server-session.js";
import type { ServerReading } from "./topology-reading.js";

export type Likeness = "same" | "other" | "unknown";

/**
 * Whether a server is the cluster that was read already. Its cluster id alone does not prove it: etcd hashes it from how the members were
 * first configured, so clusters that were set up alike (a single `default` on localhost, one chart in two Kubernetes clusters) share it.
 * The same bytes under the same key, of the same revisions, do.
 */
export async function compareClusters(read: ServerReading, other: OpenServer): Promise<Likeness> {
  const newest = newestEntry(read);
  if (newest === null || read.revision === null || other.status.kind === "unanswered") return "unknown";
  if (other.status.value.clusterId !== read.clusterId) return "other";
  const there = await other.reader.get(newest.key, read.revision);
  if (there.kind === "answered") {
    return there.value.entry !== null && isSameEntry(newest, there.value.entry) ? "same" : "other";
  }
  return /future revision/.test(there.message) ? "other" : "unknown";
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
