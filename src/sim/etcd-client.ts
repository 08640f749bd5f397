import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type {
  Entry,
  HeldLease,
  LeaseState,
  RangeRequest,
  RangeResult,
  ServerStatus,
  TopologyStore,
  TxnRequest,
  TxnResult,
} from "../topology/store.js";
import type { SimClock } from "./clock.js";
import type { Effects } from "./effects.js";
import { EtcdError, type SimEtcd } from "./etcd.js";
import type { Faults } from "./faults.js";

const EMPTY = new Uint8Array();

/** A caller's connection to one simulated etcd cluster. */
export class EtcdClient implements TopologyStore {
  readonly #held = new Set<HeldByClient>();

  constructor(
    readonly server: string,
    private readonly etcd: SimEtcd,
    private readonly clock: SimClock,
    private readonly faults: Faults,
    private readonly effects: Effects,
  ) {}

  status(): Promise<Outcome<ServerStatus>> {
    const { clusterId, revision, version } = this.etcd;
    return this.#ask(() => ({ clusterId, revision, version }));
  }

  range({
    prefix,
    revision,
    keysOnly = false,
    createdAfter = 0,
  }: RangeRequest): Promise<Outcome<RangeResult>> {
    return this.#ask(() => {
      const all = this.etcd.range(prefix, revision);
      const wanted = all.filter(({ createRevision }) => createRevision > createdAfter);
      return {
        revision: revision ?? this.etcd.revision,
        entries: keysOnly ? wanted.map((entry) => ({ ...entry, value: EMPTY })) : wanted,
        count: all.length,
      };
    });
  }

  get(
    key: string,
    revision?: number,
  ): Promise<Outcome<{ readonly revision: number; readonly entry: Entry | null }>> {
    return this.#ask(() => ({
      revision: revision ?? this.etcd.revision,
      entry: this.etcd.get(key, revision),
    }));
  }

  lease(id: string): Promise<Outcome<LeaseState | null>> {
    return this.#ask(() => this.etcd.lease(id));
  }

  txn(request: TxnRequest): Promise<Outcome<TxnResult>> {
    const keys = request.operations.map((operation) => `${operation.kind} ${operation.key}`).join(", ");
    return this.#change("txn", keys, () => this.etcd.txn(request.compares, request.operations));
  }

  grant(ttlSeconds: number): Promise<Outcome<HeldLease>> {
    return this.#change("grant", `${ttlSeconds} s`, () => {
      const held = new HeldByClient(this.etcd.grant(ttlSeconds), ttlSeconds, {
        etcd: this.etcd,
        clock: this.clock,
        faults: this.faults,
        release: (lease) => this.#release(lease),
      });
      this.#held.add(held);
      return held;
    });
  }

  revoke(id: string): Promise<Outcome<boolean>> {
    return this.#change("revoke", id, () => this.etcd.revoke(id));
  }

  /** Nothing renews its leases any more, as when the process ends: they expire by themselves. */
  close(): void {
    for (const lease of this.#held) lease.abandon();
    this.#held.clear();
  }

  async #release(lease: HeldByClient): Promise<void> {
    this.#held.delete(lease);
    await this.#change("release", lease.id, () => this.etcd.revoke(lease.id));
  }

  async #ask<T>(read: () => T): Promise<Outcome<T>> {
    await Promise.resolve();
    return this.faults.ofServer(this.server) ?? attempt(read);
  }

  async #change<T>(call: string, detail: string, write: () => T): Promise<Outcome<T>> {
    await Promise.resolve();
    return (
      this.faults.ofServer(this.server) ??
      this.effects.perform({ port: "topology", at: this.server, call, detail }, () => attempt(write))
    );
  }
}

const attempt = <T>(run: () => T): Outcome<T> => {
  try {
    return answered(run());
  } catch (error) {
    if (error instanceof EtcdError) return unanswered(error.reason, error.message);
    throw error;
  }
};

interface Keeping {
  readonly etcd: SimEtcd;
  readonly clock: SimClock;
  readonly faults: Faults;
  release(lease: HeldByClient): Promise<void>;
}

/** Renews itself three times in its term for as long as the server can be reached. */
class HeldByClient implements HeldLease {
  #provenUntil: number;
  #cancelRenewal: () => void = () => {};

  constructor(
    readonly id: string,
    private readonly ttlSeconds: number,
    private readonly keeping: Keeping,
  ) {
    this.#provenUntil = keeping.clock.now() + ttlSeconds * 1000;
    this.#renewLater();
  }

  leftMs(): number {
    const { clock, etcd } = this.keeping;
    return etcd.lease(this.id) === null ? 0 : Math.max(0, this.#provenUntil - clock.now());
  }

  async renew(): Promise<Outcome<null>> {
    await Promise.resolve();
    const { clock, etcd, faults } = this.keeping;
    const down = faults.ofServer(etcd.server);
    if (down === null && this.leftMs() > 0 && etcd.keepAlive(this.id))
      this.#provenUntil = clock.now() + this.ttlSeconds * 1000;
    return down ?? answered(null);
  }

  async release(): Promise<void> {
    this.abandon();
    await this.keeping.release(this);
  }

  abandon(): void {
    this.#cancelRenewal();
  }

  #renewLater(): void {
    const { clock, etcd, faults } = this.keeping;
    this.#cancelRenewal = clock.at(clock.now() + (this.ttlSeconds * 1000) / 3, () => {
      const reached = !faults.isServerDown(etcd.server);
      if (reached && !etcd.keepAlive(this.id)) return;
      if (reached) this.#provenUntil = clock.now() + this.ttlSeconds * 1000;
      this.#renewLater();
    });
  }
}
