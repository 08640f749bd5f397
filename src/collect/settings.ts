import type { Clock } from "../cluster/clock.js";
import type { Facts } from "../snapshot/facts.js";
import type { TabletReader } from "../tablets/access.js";
import type { TopologyReader } from "../topology/store.js";
import type { Inventory } from "../witnesses/inventory.js";

/** What is to be looked at, and how much it may cost. */
export interface CollectSettings {
  /** vtdoctor's own version, for the snapshot. */
  readonly version: string;
  /** `--topo-global-server-address`: a comma list. */
  readonly globalServer: string;
  /** `--topo-global-root`. */
  readonly globalRoot: string;
  readonly inventory: Inventory;
  /** Earlier snapshots, as witnesses for tablets. */
  readonly earlier: readonly Facts[];
  /** Only tablets of these keyspaces, and of the keyspaces that their streams read, are asked; empty: all. */
  readonly keyspaces: readonly string[];
  /** Only tablets of these cells are asked, and no etcd that serves other cells alone; empty: all. */
  readonly cells: readonly string[];
  /** What a single call may take, in milliseconds: the ports' own deadline. */
  readonly timeoutMs: number;
  /** Tablets that are asked at once. */
  readonly concurrency: number;
  /** How many reads of old revisions one etcd may be asked for. */
  readonly historyBudget: number;
  /** MySQL credentials were given. */
  readonly mysql: boolean;
  /** Tables of every primary, not only of those that a workflow or a missing record makes interesting. */
  readonly askTables: boolean;
  /** Whether a shard's tables (`keyspace/shard`) are asked for besides. */
  readonly tablesOf?: (shard: string) => boolean;
  /** The tables of the snapshot that anybody reads: a dear question whose answer would be in none of them is not asked. Absent: all. */
  readonly reads?: ReadonlySet<string>;
  /** How long `observeTwice` waits between its observations. */
  readonly settleMs: number | null;
}

/** The ends of the world that `collect` may touch: reading only (docs/decisions.md#p1). */
export interface CollectSources {
  connect(server: string): TopologyReader;
  readonly tablets: TabletReader;
  readonly clock: Clock;
  /** One line for a person who waits. */
  progress?(text: string): void;
  /** How many tablets at least there are, before the first is asked: from the shards, then from the records. */
  expecting?(tablets: number): void;
}
