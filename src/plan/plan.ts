import type { TabletAddress } from "../tablets/access.js";

/**
 * What `fix --dry-run` prints and `fix` executes: the same value (docs/decisions.md#d13). It can be written to a file, reviewed, and run
 * once. Bytes are base64. Everything that a step needs is in it; nothing is looked up again except to re-check.
 */
export interface Plan {
  readonly kind: "vtdoctor-plan";
  readonly schema: 1;
  readonly id: string;
  readonly operation: "fix" | "cancel" | "undo" | "purge";
  /** The run that `undo` takes back, or whose held tables `purge` drops. */
  readonly run?: string;
  /** The command line that made it, without secrets. */
  readonly command: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly cluster: PlanCluster;
  /** Finding ids that it repairs. */
  readonly repairs: readonly string[];
  /** Everything it was decided on; each is read again before the first step, and a difference makes the plan stale (exit 4). */
  readonly reads: readonly Read[];
  readonly stages: readonly Stage[];
  /** What was asked for and can not be done now, and why. */
  readonly blocked: readonly Blocked[];
  /** What an operator should know before saying yes. */
  readonly notes: readonly string[];
}

export interface PlanCluster {
  readonly globalServer: string;
  readonly globalRoot: string;
  /** server -> etcd cluster id, of the servers of `roots`. Clusters that were configured alike share it, so `marks` go with it. */
  readonly clusterIds: Readonly<Record<string, string>>;
  readonly marks: readonly ClusterMark[];
  readonly roots: readonly { readonly name: string; readonly server: string; readonly root: string }[];
}

/** A record that lives long, as it was: by it a cluster is known again. A look-alike has other revisions, or other bytes at the same ones. */
export interface ClusterMark {
  readonly server: string;
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Hex, of the value. */
  readonly sha256: string;
}

/** A fact with the version that the plan rests on. `modRevision` 0: the key must not exist. */
export type Read =
  | { readonly kind: "topo-key"; readonly server: string; readonly key: string; readonly modRevision: number }
  | {
      readonly kind: "stream-rows";
      readonly tablet: TabletRef;
      readonly workflow: string;
      readonly dbName: string;
      /** Ids of the rows, ascending. */
      readonly ids: readonly number[];
    };

/** A tablet as a step addresses it; the identity is asked again right before each call (docs/decisions.md#d15). */
export interface TabletRef {
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly type: string;
  readonly address: TabletAddress;
}

/** Steps that run under the same Vitess locks, in order. Locks are taken at its start and given back at its end. */
export interface Stage {
  readonly title: string;
  readonly locks: readonly LockScope[];
  readonly steps: readonly Step[];
}

/** Taken in this order: workflow (named lock), source keyspace, target keyspace, shard (docs/vitess.md#lock-order). */
export type LockScope =
  | { readonly kind: "workflow"; readonly keyspace: string; readonly workflow: string }
  | { readonly kind: "keyspace"; readonly keyspace: string }
  | { readonly kind: "shard"; readonly keyspace: string; readonly shard: string };

export type Destroys = "nothing" | "metadata" | "data";
export type StepClass = "safe" | "confirm";

/** `class`: what consent it needs (docs/decisions.md#d14). */
interface StepBase {
  /** Unique in the plan, stable: `03-stream.stop-zone1-0000000200`. */
  readonly id: string;
  readonly class: StepClass;
  readonly destroys: Destroys;
}

export interface StreamRow {
  readonly id: number;
  readonly workflow: string;
  readonly dbName: string;
  readonly state: string;
  readonly message: string;
  /** The whole row, column to text, for the before-image. */
  readonly image: Readonly<Record<string, string | null>>;
}

export type Step =
  | (StepBase & {
      readonly kind: "stream.stop";
      readonly tablet: TabletRef;
      readonly workflow: string;
      readonly dbName: string;
      readonly rows: readonly StreamRow[];
      /** True where the topology does not have the tablet: then the stop has no inverse (docs/decisions.md#d20). */
      readonly orphan?: boolean;
    })
  /** Proves twice, at least `settleMs` apart, that every listed stream is Stopped in `_vt` and in the engine and that its position stands still. */
  | (StepBase & {
      readonly kind: "stream.verify-stopped";
      readonly streams: readonly StreamSet[];
      /** Milliseconds between the two looks. */
      readonly settleMs: number;
    })
  /**
   * Exports the ALTERs of deferred secondary keys to the run's folder (and applies them when `apply`): those that stand in
   * `_vt.post_copy_action` when it runs. `actions`: what stood there when the plan was made, for people.
   */
  | (StepBase & {
      readonly kind: "keys.export";
      readonly tablet: TabletRef;
      readonly workflow: string;
      readonly dbName: string;
      /** Of the streams that put them off. */
      readonly ids: readonly number[];
      readonly actions: readonly DeferredKey[];
      readonly apply: boolean;
    })
  | (StepBase & {
      readonly kind: "table.hold";
      readonly tablet: TabletRef;
      readonly dbName: string;
      readonly holdSchema: string;
      readonly tables: readonly string[];
      readonly views: readonly string[];
    })
  | (StepBase & {
      readonly kind: "table.drop";
      readonly tablet: TabletRef;
      readonly dbName: string;
      readonly tables: readonly string[];
    })
  /** The way back of `table.hold`: one RENAME, and the hold schema goes when nothing is left in it. */
  | (StepBase & {
      readonly kind: "table.return";
      readonly tablet: TabletRef;
      readonly dbName: string;
      readonly holdSchema: string;
      readonly tables: readonly string[];
      /** Views that can be read again. */
      readonly views: readonly string[];
    })
  /** Drops what a run holds, and its hold schema. */
  | (StepBase & {
      readonly kind: "hold.drop";
      readonly tablet: TabletRef;
      readonly holdSchema: string;
      readonly tables: readonly string[];
    })
  /** The way back of `stream.stop`: rows that still carry the message of that run get their earlier state and message. */
  | (StepBase & {
      readonly kind: "stream.restart";
      readonly tablet: TabletRef;
      readonly workflow: string;
      readonly dbName: string;
      /** The run that stopped them. */
      readonly stoppedBy: string;
      readonly rows: readonly EarlierState[];
    })
  /** Puts a key's earlier value back where the key is still at `modRevision` (0: absent). */
  | (StepBase & {
      readonly kind: "record.put-back";
      readonly server: string;
      readonly key: string;
      readonly modRevision: number;
      readonly value: string;
      /** What comes back, for people: `the routing rules of customer`. */
      readonly what: string;
    })
  | (StepBase & {
      readonly kind: "denial.lift";
      readonly keyspace: string;
      readonly shard: string;
      readonly key: string;
      readonly server: string;
      readonly tables: readonly string[];
      readonly modRevision: number;
    })
  | (StepBase & { readonly kind: "tablet.refresh"; readonly tablet: TabletRef })
  | (StepBase & {
      readonly kind: "routing.remove";
      readonly server: string;
      readonly key: string;
      readonly fromTables: readonly string[];
      readonly modRevision: number;
      readonly before: string;
    })
  | (StepBase & {
      readonly kind: "vschema.remove-tables";
      readonly server: string;
      readonly key: string;
      readonly keyspace: string;
      readonly tables: readonly string[];
      readonly modRevision: number;
      readonly before: string;
    })
  | (StepBase & { readonly kind: "srvvschema.rebuild"; readonly cells: readonly string[] })
  /** One cell's record, with what was missing in it put back; `update`: with another route or control than there was. */
  | (StepBase & SrvKeyspaceWrite & { readonly kind: "srvkeyspace.rebuild" })
  | (StepBase & SrvKeyspaceWrite & { readonly kind: "srvkeyspace.update" })
  | (StepBase & {
      readonly kind: "stream.delete";
      readonly tablet: TabletRef;
      readonly workflow: string;
      readonly dbName: string;
      readonly rows: readonly StreamRow[];
    })
  | (StepBase & {
      readonly kind: "vdiff.delete";
      readonly tablet: TabletRef;
      readonly keyspace: string;
      readonly workflow: string;
    })
  /** Proves that no row, no engine stream and no arriving data is left of the listed streams. */
  | (StepBase & {
      readonly kind: "stream.verify-gone";
      readonly streams: readonly StreamSet[];
      readonly settleMs: number;
    })
  | (StepBase & {
      readonly kind: "tablet.restore";
      readonly tablet: TabletRef;
      readonly server: string;
      readonly key: string;
      readonly value: string;
      readonly replicationKey: string;
      readonly origin: string;
    })
  | (StepBase & {
      readonly kind: "shard.restore";
      readonly keyspace: string;
      readonly shard: string;
      readonly server: string;
      readonly key: string;
      readonly value: string;
      readonly keyspaceKey: string;
      readonly origin: string;
    })
  /** Waits for the running primary's shard sync to name itself (30 s; docs/vitess.md#shard-sync). Writes nothing. */
  | (StepBase & {
      readonly kind: "shard.await-primary";
      readonly keyspace: string;
      readonly shard: string;
      readonly server: string;
      readonly key: string;
      readonly alias: string;
      readonly timeoutMs: number;
    })
  /**
   * Ends a vttablet for good and proves that its address is closed; MySQL stays up. Without a command it is made to publish, which only
   * ends a process whose Tablet record is gone (docs/decisions.md#d19): that `key` is absent is proven right before.
   */
  | (StepBase & {
      readonly kind: "tablet.stop";
      readonly tablet: TabletRef;
      readonly server: string;
      /** Its Tablet record. */
      readonly key: string;
      /** The operator's command for this tablet, word by word; null: it ends itself. */
      readonly command: readonly string[] | null;
    })
  /** Watches that ended tablets do not come back and that none of the keys does, which all were absent. Writes nothing. */
  | (StepBase & {
      readonly kind: "tablet.stay-away";
      readonly tablets: readonly TabletRef[];
      readonly keys: readonly { readonly server: string; readonly key: string }[];
      readonly watchMs: number;
    })
  /**
   * Takes one record of a retired shard away, once none of its vttablets runs: its Tablets, then ShardReplication, then the Shard
   * (docs/vitess.md#delete-shard). The ending processes write their own Tablet record, so its revision is that of the moment.
   */
  | (StepBase & {
      readonly kind: "record.remove";
      readonly of: "Tablet" | "ShardReplication" | "Shard";
      readonly keyspace: string;
      readonly shard: string;
      readonly server: string;
      readonly key: string;
      /** In a Tablet: `host:port` when the plan was made, empty where its process had ended; null in the others. */
      readonly recordedAt: string | null;
      /** The shard's tablets by alias; a record that names another is somebody's. */
      readonly members: readonly string[];
      /** Those of them that have an address: nothing may listen there any more. */
      readonly ended: readonly TabletRef[];
    })
  | (StepBase & {
      readonly kind: "journal.delete";
      readonly tablet: TabletRef;
      readonly dbName: string;
      /** Decimal int64. */
      readonly journal: string;
      /** The row's `val` as it was read. */
      readonly val: string;
    })
  /** Ends a stream that the engine has in memory without a row in `_vt.vreplication`. */
  | (StepBase & {
      readonly kind: "ghost.stop";
      readonly tablet: TabletRef;
      readonly dbName: string;
      readonly workflow: string;
      readonly stream: number;
      /** Prototext of a BinlogSource. */
      readonly source: string;
    })
  /** Deletes stream rows by SQL while no tablet of the shard is PRIMARY, under the shard's lock (docs/vitess.md#rows-by-sql). */
  | (StepBase & {
      readonly kind: "row.clear";
      /** Whose MySQL takes writes. */
      readonly tablet: TabletRef;
      /** Every tablet of the shard: none may be PRIMARY. */
      readonly peers: readonly TabletRef[];
      readonly workflow: string;
      readonly dbName: string;
      readonly rows: readonly StreamRow[];
      readonly server: string;
      /** Its Shard record, which may name no primary. */
      readonly key: string;
    })
  /** vtctld's PlannedReparentShard on a shard without a primary (docs/decisions.md#d21). */
  | (StepBase & {
      readonly kind: "shard.elect";
      readonly keyspace: string;
      readonly shard: string;
      readonly server: string;
      readonly key: string;
      readonly alias: string;
      /** The new primary's Tablet record, which it publishes itself. */
      readonly record: { readonly server: string; readonly key: string };
      /** For people: which vtctld. */
      readonly vtctld: string;
    })
  | (StepBase & {
      readonly kind: "lock.clear";
      readonly server: string;
      readonly key: string;
      readonly lease: string;
      readonly modRevision: number;
    });

export type StepKind = Step["kind"];

/** A whole record, put where it is still at `modRevision`; 0 and an empty `before`: where there is none. */
export interface SrvKeyspaceWrite {
  readonly cell: string;
  readonly keyspace: string;
  readonly server: string;
  readonly key: string;
  readonly modRevision: number;
  readonly before: string;
  readonly value: string;
}

export interface StreamSet {
  readonly tablet: TabletRef;
  readonly workflow: string;
  readonly dbName: string;
  readonly ids: readonly number[];
}

export interface EarlierState {
  readonly id: number;
  readonly state: string;
  readonly message: string;
}

export interface DeferredKey {
  readonly table: string;
  readonly alter: string;
}

export interface Blocked {
  readonly object: Readonly<Record<string, string>>;
  readonly finding: string | null;
  readonly reason: string;
  /** What the operator can do. */
  readonly instead: string;
}
