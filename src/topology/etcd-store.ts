import {
  castGrpcError,
  EtcdLeaseInvalidError,
  GRPCCancelledError,
  type ICompare,
  type IRequestOp,
} from "etcd3";
import { type Clock, stopwatch } from "../cluster/clock.js";
import { mapOutcome, type Outcome } from "../cluster/outcome.js";
import type { EtcdOptions } from "./etcd-client.js";
import { EtcdConnection } from "./etcd-connection.js";
import { EtcdReader } from "./etcd-reader.js";
import type { Compare, HeldLease, TopologyStore, TxnOp, TxnRequest, TxnResult } from "./store.js";

/** As `connectEtcdReader`, with the write half: no module that `scan` reaches may import this one (docs/decisions.md#p1). */
export const connectEtcdStore = (server: string, options: EtcdOptions, clock: Clock): TopologyStore =>
  new EtcdStore(new EtcdConnection(server, options, clock));

class EtcdStore extends EtcdReader implements TopologyStore {
  readonly #held = new Set<KeptLease>();

  async txn({ compares, operations }: TxnRequest): Promise<Outcome<TxnResult>> {
    const request = { compare: compares.map(toCompare), success: operations.map(toOperation) };
    const done = await this.connection.write((etcd, options) => etcd.kv.txn(request, options));
    return mapOutcome(done, ({ succeeded, header }) => ({ succeeded, revision: Number(header.revision) }));
  }

  async grant(ttlSeconds: number): Promise<Outcome<HeldLease>> {
    const lease = await holdLease(this.connection, ttlSeconds);
    if (lease.kind === "answered") this.#held.add(lease.value);
    return lease;
  }

  revoke(id: string): Promise<Outcome<boolean>> {
    return this.connection.write(async (etcd, options) => {
      try {
        await etcd.leaseClient.leaseRevoke({ ID: id }, options);
        return true;
      } catch (error) {
        if (error instanceof EtcdLeaseInvalidError) return false;
        throw error;
      }
    });
  }

  /** Leases that are still held are no longer kept alive: their keys go with their TTL. */
  override close(): void {
    for (const lease of this.#held) lease.stop();
    super.close();
  }
}

function toCompare({ key, target, equals }: Compare): ICompare {
  const compare: ICompare = { key: Buffer.from(key), result: "Equal" };
  switch (target) {
    case "mod":
      return { ...compare, target: "Mod", mod_revision: equals };
    case "create":
      return { ...compare, target: "Create", create_revision: equals };
    case "version":
      return { ...compare, target: "Version", version: equals };
  }
}

function toOperation(operation: TxnOp): IRequestOp {
  const key = Buffer.from(operation.key);
  return operation.kind === "delete"
    ? { request_delete_range: { key } }
    : {
        request_put: {
          key,
          value: Buffer.from(operation.value),
          ...(operation.lease !== undefined && { lease: operation.lease }),
        },
      };
}

/** A lease with its keepalive; `stop` ends the keepalive and leaves the lease to its time. */
interface KeptLease extends HeldLease {
  stop(): void;
}

async function holdLease(connection: EtcdConnection, ttlSeconds: number): Promise<Outcome<KeptLease>> {
  const since = stopwatch(connection.clock);
  const granted = await connection.write((etcd, options) =>
    etcd.leaseClient.leaseGrant({ TTL: ttlSeconds }, options),
  );
  return mapOutcome(granted, ({ ID, TTL }) => keep(connection, ID, { since, ttlMs: Number(TTL) * 1000 }));
}

interface Proof {
  readonly since: () => number;
  readonly ttlMs: number;
}

/**
 * The lease is proven ours until its TTL after the *sending* of the last keepalive that etcd answered: the answer's own delay must
 * not count for us. Once lost it stays lost, even if etcd still knew it.
 */
function keep(connection: EtcdConnection, id: string, granted: Proof): KeptLease {
  const stopped = new AbortController();
  let proof = granted;
  const leftMs = (): number => {
    const left = stopped.signal.aborted ? 0 : Math.max(0, proof.ttlMs - proof.since());
    if (left === 0) stopped.abort();
    return left;
  };
  const renew = async (): Promise<Outcome<null>> => {
    const since = stopwatch(connection.clock);
    const ttl = await renewed(connection, id);
    if (ttl.kind === "answered" && ttl.value <= 0) stopped.abort();
    if (ttl.kind === "answered" && leftMs() > 0) proof = { since, ttlMs: ttl.value * 1000 };
    return mapOutcome(ttl, () => null);
  };
  void keepAlive(connection.clock, granted.ttlMs, stopped.signal, renew);
  return {
    id,
    leftMs,
    renew,
    stop: () => stopped.abort(),
    release: async () => {
      stopped.abort();
      // A revoke that fails is made up for by the TTL, which nothing extends any more.
      await connection.write((etcd, options) => etcd.leaseClient.leaseRevoke({ ID: id }, options));
    },
  };
}

/** Every third of the TTL, as etcd's own client does; an unanswered one is simply followed by the next. */
async function keepAlive(
  clock: Clock,
  ttlMs: number,
  stopped: AbortSignal,
  renew: () => Promise<unknown>,
): Promise<void> {
  while (await clock.sleep(ttlMs / 3, stopped)) await renew();
}

/** The new TTL; 0 where etcd has no such lease any more. */
const renewed = (connection: EtcdConnection, id: string): Promise<Outcome<number>> =>
  connection.read(async (etcd, options) => {
    const stream = await etcd.leaseClient.leaseKeepAlive(options);
    const answer = new Promise<number>((resolve, reject) => {
      stream.on("data", ({ TTL }) => resolve(Number(TTL)));
      stream.on("error", (error) => reject(castGrpcError(error)));
      stream.on("end", () => reject(new GRPCCancelledError("etcd ended the keepalive without an answer")));
    });
    stream.write({ ID: id });
    try {
      return await answer;
    } finally {
      stream.end();
    }
  });
