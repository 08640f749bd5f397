import type { Compare, Entry, TxnOp } from "../topology/store.js";
import type { SimClock } from "./clock.js";

interface Version extends Entry {
  /** The key stopped to exist at this revision; `value` is empty. */
  readonly deleted: boolean;
}

interface Lease {
  readonly grantedTtl: number;
  expiresAt: number;
  cancelExpiry: () => void;
  readonly keys: Set<string>;
}

/** One change of one key, as a watch from the first revision would show it. */
export interface EtcdEvent {
  readonly revision: number;
  readonly type: "put" | "delete";
  readonly key: string;
  readonly value: Uint8Array;
  readonly lease: string;
}

/** What etcd refuses, in its words. */
export class EtcdError extends Error {
  constructor(
    readonly reason: "compacted" | "failed",
    message: string,
  ) {
    super(message);
    this.name = "EtcdError";
  }
}

const NOTHING = new Uint8Array();

/**
 * One etcd cluster: multi-version keys, transactions, leases and compaction, as far as Vitess and vtdoctor use them.
 * Synchronous: what the network does to a caller is the business of `etcd-client.ts`.
 */
export class SimEtcd {
  readonly version = "3.4.30";
  readonly #keys = new Map<string, Version[]>();
  readonly #leases = new Map<string, Lease>();
  readonly #events: EtcdEvent[] = [];
  /** Every key that some revision has, ascending. */
  #sorted: string[] = [];
  #revision = 1;
  #compacted = 0;
  #nextLease: bigint;

  constructor(
    readonly server: string,
    readonly clusterId: string,
    private readonly clock: SimClock,
    firstLease: bigint,
  ) {
    this.#nextLease = firstLease;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest readable revision; 0 where nothing was compacted. */
  get horizon(): number {
    return this.#compacted;
  }

  /** Everything that happened since the horizon. */
  get events(): readonly EtcdEvent[] {
    return this.#events;
  }

  put(key: string, value: Uint8Array, lease = "0"): number {
    return this.txn([], [{ kind: "put", key, value, lease }]).revision;
  }

  /** False where it did not exist. */
  delete(key: string): boolean {
    const before = this.#revision;
    return this.txn([], [{ kind: "delete", key }]).revision !== before;
  }

  txn(
    compares: readonly Compare[],
    operations: readonly TxnOp[],
  ): { readonly succeeded: boolean; readonly revision: number } {
    if (!compares.every((compare) => this.#holds(compare)))
      return { succeeded: false, revision: this.#revision };
    for (const operation of operations)
      if (operation.kind === "put" && !this.#hasLease(operation.lease ?? "0"))
        throw new EtcdError("failed", "etcdserver: requested lease not found");
    const revision = this.#revision + 1;
    for (const operation of operations) {
      if (operation.kind === "put")
        this.#put(revision, operation.key, operation.value, operation.lease ?? "0");
      else this.#delete(revision, operation.key);
    }
    return { succeeded: true, revision: this.#revision };
  }

  get(key: string, revision?: number): Entry | null {
    this.#readable(revision);
    return this.#at(key, revision);
  }

  range(prefix: string, revision?: number): readonly Entry[] {
    this.#readable(revision);
    return [...this.#under(prefix, revision)];
  }

  /** Whether some key starts with `prefix` now. */
  any(prefix: string): boolean {
    return this.#under(prefix).next().done !== true;
  }

  /** Forgets what only revisions before `revision` show. */
  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
    for (const [key, versions] of this.#keys) {
      const kept = versions.findLastIndex((version) => version.modRevision <= revision);
      if (kept > 0) versions.splice(0, kept);
      if (versions.length === 1 && versions[0]?.deleted && versions[0].modRevision <= revision)
        this.#keys.delete(key);
    }
    this.#sorted = this.#sorted.filter((key) => this.#keys.has(key));
    const first = this.#events.findIndex((event) => event.revision >= revision);
    this.#events.splice(0, first === -1 ? this.#events.length : first);
  }

  grant(ttlSeconds: number): string {
    const id = String(this.#nextLease);
    this.#nextLease += 7n;
    this.adoptLease(id, ttlSeconds, ttlSeconds);
    return id;
  }

  /** A lease with an id of somebody else's choosing and some of its time gone. */
  adoptLease(id: string, remainingSeconds: number, grantedSeconds: number): void {
    const expiresAt = this.clock.now() + remainingSeconds * 1000;
    const cancelExpiry = this.clock.at(expiresAt, () => this.revoke(id));
    this.#leases.set(id, { grantedTtl: grantedSeconds, expiresAt, cancelExpiry, keys: new Set() });
  }

  /** Starts its time again; false where it is gone. */
  keepAlive(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    lease.cancelExpiry();
    lease.expiresAt = this.clock.now() + lease.grantedTtl * 1000;
    lease.cancelExpiry = this.clock.at(lease.expiresAt, () => this.revoke(id));
    return true;
  }

  /** Ends it and deletes its keys, in one revision. */
  revoke(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    lease.cancelExpiry();
    const revision = this.#revision + 1;
    for (const key of [...lease.keys].sort()) this.#delete(revision, key);
    this.#leases.delete(id);
    return true;
  }

  /** Ends a lease that carries nothing. */
  dropIdleLease(id: string): void {
    if (this.#leases.get(id)?.keys.size === 0) this.revoke(id);
  }

  lease(id: string): { readonly ttl: number; readonly grantedTtl: number } | null {
    const lease = this.#leases.get(id);
    if (lease === undefined) return null;
    return { ttl: Math.ceil((lease.expiresAt - this.clock.now()) / 1000), grantedTtl: lease.grantedTtl };
  }

  /** Puts a key as a backup or a recording has it, and moves the revision there. */
  restore(entry: Entry): void {
    this.#append({ ...entry, deleted: false });
    this.#revision = Math.max(this.#revision, entry.modRevision);
    this.#leases.get(entry.lease)?.keys.add(entry.key);
  }

  /** Moves to `revision` although nothing that is left shows it. */
  skipTo(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  *#under(prefix: string, revision?: number): Generator<Entry, void> {
    for (let index = firstAtLeast(this.#sorted, prefix); index < this.#sorted.length; index++) {
      const key = this.#sorted[index] ?? "";
      if (!key.startsWith(prefix)) return;
      const entry = this.#at(key, revision);
      if (entry !== null) yield entry;
    }
  }

  #put(revision: number, key: string, value: Uint8Array, lease: string): void {
    const before = this.#at(key);
    if (before !== null) this.#leases.get(before.lease)?.keys.delete(key);
    this.#revision = revision;
    this.#append({
      key,
      value,
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      lease,
      deleted: false,
    });
    this.#leases.get(lease)?.keys.add(key);
    this.#events.push({ revision, type: "put", key, value, lease });
  }

  #delete(revision: number, key: string): void {
    const before = this.#at(key);
    if (before === null) return;
    this.#leases.get(before.lease)?.keys.delete(key);
    this.#revision = revision;
    this.#append({
      key,
      value: NOTHING,
      createRevision: 0,
      modRevision: revision,
      version: 0,
      lease: "0",
      deleted: true,
    });
    this.#events.push({ revision, type: "delete", key, value: NOTHING, lease: "0" });
  }

  #append(version: Version): void {
    const versions = this.#keys.get(version.key);
    if (versions !== undefined) versions.push(version);
    else {
      this.#keys.set(version.key, [version]);
      this.#sorted.splice(firstAtLeast(this.#sorted, version.key), 0, version.key);
    }
  }

  #at(key: string, revision?: number): Entry | null {
    const versions = this.#keys.get(key);
    const version =
      revision === undefined ? versions?.at(-1) : versions?.findLast((one) => one.modRevision <= revision);
    if (version === undefined || version.deleted) return null;
    const { deleted: _, ...entry } = version;
    return entry;
  }

  #holds(compare: Compare): boolean {
    const entry = this.#at(compare.key);
    const found = {
      mod: entry?.modRevision ?? 0,
      create: entry?.createRevision ?? 0,
      version: entry?.version ?? 0,
    };
    return found[compare.target] === compare.equals;
  }

  #hasLease(id: string): boolean {
    return id === "0" || this.#leases.has(id);
  }

  #readable(revision: number | undefined): void {
    if (revision === undefined) return;
    if (revision < this.#compacted)
      throw new EtcdError("compacted", "etcdserver: mvcc: required revision has been compacted");
    if (revision > this.#revision)
      throw new EtcdError("failed", "etcdserver: mvcc: required revision is a future revision");
  }
}

const firstAtLeast = (sorted: readonly string[], key: string): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
};
