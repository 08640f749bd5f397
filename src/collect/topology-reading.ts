import type { Unanswered } from "../cluster/outcome.js";
import type { TopoLeaseRow, TopoRootRow } from "../snapshot/gen/tables.js";
import type { Entry, TopologyReader } from "../topology/store.js";

/** One etcd cluster as it was read: all roots at one revision (docs/decisions.md#d6). */
export interface ServerReading {
  /** The spelling that the fact tables use: the first that was met. */
  readonly server: string;
  readonly reader: TopologyReader;
  /** null: it did not say who it is. */
  readonly clusterId: string | null;
  readonly version: string | null;
  /** null: nothing could be read. */
  readonly revision: number | null;
  /** The prefixes that were read, none inside another. */
  readonly prefixes: readonly string[];
  readonly entries: ReadonlyMap<string, Entry>;
  /** Why it counts as not answered, even where some of it was read; null: all was read. */
  readonly failure: Unanswered | null;
}

export interface TopologyReading {
  /** The server that holds the global root, as it was first read. */
  readonly global: ServerReading;
  readonly servers: readonly ServerReading[];
  readonly roots: readonly TopoRootRow[];
  /** Keys that changed between the first reading and the second. */
  readonly moved: readonly MovedKey[];
  readonly leases: readonly TopoLeaseRow[];
}

export interface MovedKey {
  readonly server: string;
  readonly key: string;
}
