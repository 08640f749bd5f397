import type { TopoServerRow } from "../snapshot/facts.js";
import { rootPrefix } from "../topology/paths.js";
import { openServer } from "./server-session.js";
import type { CollectSources } from "./settings.js";

/** Spellings of the global server's address that are looked up at most; tablets of one cluster share one or two. */
const MOST_SPELLINGS = 16;

/**
 * Tells whether a process was started with the topology that is being scanned (design D7). Another root is another topology. An
 * address that is spelled differently is asked for its cluster id; where it does not answer from here (a port-forward, a private
 * name), nothing is known, and nothing is held against the process.
 */
export class SameTopology {
  readonly #asked = new Map<string, Promise<TopoServerRow | null>>();

  constructor(
    private readonly sources: CollectSources,
    private readonly global: {
      readonly server: string;
      readonly root: string;
      readonly clusterId: string | null;
    },
  ) {}

  async isForeign(server: string, root: string): Promise<boolean> {
    if (root !== "" && rootPrefix(root) !== rootPrefix(this.global.root)) return true;
    if (server === "" || shareAnAddress(server, this.global.server)) return false;
    const row = await this.#lookUp(server);
    return row !== null && row.cluster_id !== this.global.clusterId;
  }

  /** The servers that answered under another spelling: their cluster id is the proof of the judgement. */
  async servers(): Promise<readonly TopoServerRow[]> {
    return (await Promise.all(this.#asked.values())).filter((row) => row !== null);
  }

  #lookUp(server: string): Promise<TopoServerRow | null> {
    const known = this.#asked.get(server);
    if (known !== undefined) return known;
    const answer = this.#asked.size < MOST_SPELLINGS ? this.#ask(server) : Promise.resolve(null);
    this.#asked.set(server, answer);
    return answer;
  }

  async #ask(server: string): Promise<TopoServerRow | null> {
    const { status } = await openServer(this.sources, server);
    if (status.kind === "unanswered") return null;
    return {
      server,
      cluster_id: status.value.clusterId,
      version: status.value.version,
      revision: status.value.revision,
      horizon: null,
      answered: 1,
      reason: null,
      message: null,
    };
  }
}

/** Address lists name members of one cluster: one member in common is enough. */
function shareAnAddress(a: string, b: string): boolean {
  const known = new Set(addressesOf(a));
  return addressesOf(b).some((address) => known.has(address));
}

const addressesOf = (list: string): readonly string[] =>
  list
    .split(",")
    .map((address) =>
      address
        .trim()
        .replace(/^https?:\/\//, "")
        .replace(/\/+$/, "")
        .toLowerCase(),
    )
    .filter((address) => address !== "");
