import { shareAnAddress } from "../../cluster/server-addresses.js";
import type { TopoServerRow } from "../../snapshot/gen/tables.js";
import { rootPrefix } from "../../topology/paths.js";
import type { Entry } from "../../topology/store.js";
import type { CollectSources } from "../settings.js";
import { type OpenServer, openServer, type ServerReading } from "./servers.js";

/** Spellings of the global server's address that are looked up at most; tablets of one cluster share one or two. */
const MOST_SPELLINGS = 16;

interface OtherSpelling {
  readonly row: TopoServerRow;
  readonly isForeign: boolean;
}

/**
 * Tells whether a process was started with the topology that is being scanned (docs/decisions.md#d7). Another root is another topology. An
 * address that is spelled differently is asked which cluster it is; where it does not answer from here (a port-forward, a private
 * name), nothing is known, and nothing is held against the process.
 */
export class SameTopology {
  readonly #asked = new Map<string, Promise<OtherSpelling | null>>();

  constructor(
    private readonly sources: CollectSources,
    private readonly global: ServerReading,
    private readonly root: string,
  ) {}

  async isForeign(server: string, root: string): Promise<boolean> {
    if (root !== "" && rootPrefix(root) !== rootPrefix(this.root)) return true;
    if (server === "" || shareAnAddress(server, this.global.server)) return false;
    return (await this.#lookUp(server))?.isForeign ?? false;
  }

  /** The servers that answered under another spelling: their cluster id is the proof of the judgement. */
  async servers(): Promise<readonly TopoServerRow[]> {
    const found = await Promise.all(this.#asked.values());
    return found.flatMap((spelling) => (spelling === null ? [] : [spelling.row]));
  }

  #lookUp(server: string): Promise<OtherSpelling | null> {
    const known = this.#asked.get(server);
    if (known !== undefined) return known;
    const answer = this.#asked.size < MOST_SPELLINGS ? this.#ask(server) : Promise.resolve(null);
    this.#asked.set(server, answer);
    return answer;
  }

  async #ask(server: string): Promise<OtherSpelling | null> {
    const open = await openServer(this.sources, server);
    if (open.status.kind === "unanswered") return null;
    const { clusterId, version, revision } = open.status.value;
    const isForeign = (await compareClusters(this.global, open)) === "other";
    const looksLikeOurs = isForeign && clusterId === this.global.clusterId;
    return {
      isForeign,
      row: {
        server,
        cluster_id: looksLikeOurs ? `${clusterId} at ${server}` : clusterId,
        version,
        revision,
        horizon: null,
        answered: 1,
        reason: null,
        message: null,
      },
    };
  }
}

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
