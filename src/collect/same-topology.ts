import { shareAnAddress } from "../cluster/server-addresses.js";
import type { TopoServerRow } from "../snapshot/gen/tables.js";
import { rootPrefix } from "../topology/paths.js";
import { compareClusters } from "./same-cluster.js";
import { openServer } from "./server-session.js";
import type { CollectSources } from "./settings.js";
import type { ServerReading } from "./topology-reading.js";

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
