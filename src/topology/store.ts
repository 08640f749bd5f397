import type { Outcome } from "../cluster/outcome.js";

/**
 * The low port to one etcd cluster: bytes, revisions, leases; no Vitess knowledge (docs/decisions.md#d3).
 * Revisions are numbers (an int64 that real clusters never bring past 2^53); lease ids are decimal strings, as Vitess
 * writes them into lock keys. Real: `etcd-reader.ts`, `etcd-store.ts`. Simulated: `sim/etcd-client.ts`. Both pass
 * `test/contract/topology-store.ts`.
 */
export interface TopologyReader {
  /** The address list as the operator or CellInfo gave it. */
  readonly server: string;
  /** Cluster id (decimal) and current revision. How far back it can be read is found by `history.ts`. */
  status(): Promise<Outcome<ServerStatus>>;
  /**
   * All keys that start with `prefix` (empty: all), in the order of their bytes, read in pages pinned to one revision
   * (docs/decisions.md#d6).
   */
  range(request: RangeRequest): Promise<Outcome<RangeResult>>;
  /** One key, now or at an old revision; `entry` is null where it did not exist then. */
  get(
    key: string,
    revision?: number,
  ): Promise<Outcome<{ readonly revision: number; readonly entry: Entry | null }>>;
  /** Remaining and granted seconds; null where the lease is gone. */
  lease(id: string): Promise<Outcome<LeaseState | null>>;
  close(): void;
}

/** The write half. No module that `scan` can reach may import a value of this type (docs/decisions.md#p1). */
export interface TopologyStore extends TopologyReader {
  txn(request: TxnRequest): Promise<Outcome<TxnResult>>;
  /** Grants a lease of `ttlSeconds` and keeps it alive until `release` or the loss, which `lost()` then says. */
  grant(ttlSeconds: number): Promise<Outcome<HeldLease>>;
  /** Revokes a lease that somebody else may have left; false where it was gone already. */
  revoke(id: string): Promise<Outcome<boolean>>;
}

export interface ServerStatus {
  readonly clusterId: string;
  readonly revision: number;
  /** etcd's own version text. */
  readonly version: string;
}

export interface RangeRequest {
  readonly prefix: string;
  readonly revision?: number;
  readonly keysOnly?: boolean;
  /** Only the keys created after this revision: what is new costs no more than it is. */
  readonly createdAfter?: number;
}

export interface RangeResult {
  readonly revision: number;
  readonly entries: readonly Entry[];
  /** Of all keys under the prefix at that revision, also of those that `createdAfter` left out. */
  readonly count: number;
}

export interface Entry {
  readonly key: string;
  /** Empty where only keys were asked for; a zero-length value is a valid Vitess record. */
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** "0": no lease. */
  readonly lease: string;
}

export interface LeaseState {
  readonly ttl: number;
  readonly grantedTtl: number;
}

export interface Compare {
  readonly key: string;
  readonly target: "mod" | "create" | "version";
  readonly equals: number;
}

export type TxnOp =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array; readonly lease?: string }
  | { readonly kind: "delete"; readonly key: string };

export interface TxnRequest {
  readonly compares: readonly Compare[];
  readonly operations: readonly TxnOp[];
}

export interface TxnResult {
  readonly succeeded: boolean;
  readonly revision: number;
}

export interface HeldLease {
  readonly id: string;
  /** How long it is proven ours from now, in milliseconds; 0 from the moment at which it can no longer be proven. */
  leftMs(): number;
  /** Asks etcd for its whole time again; unanswered changes nothing of what was proven. */
  renew(): Promise<Outcome<null>>;
  release(): Promise<void>;
}
