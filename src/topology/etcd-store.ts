import {
  castGrpcError,
  EtcdLeaseInvalidError,
  GRPCCancelledError,
  type ICompare,
  type IRequestOp,
} from "etcd3";
import type { Clock } from "../cluster/clock.js";
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
  const askedAt = connection.clock.now();
  const granted = await connection.write((etcd, options) =>
    etcd.leaseClient.leaseGrant({ TTL: ttlSeconds }, options),
  );
  return mapOutcome(granted, ({ ID, TTL }) => keep(connection, ID, askedAt, Number(TTL)));
}

/**
 * The lease is proven ours until its TTL after the *sending* of the last keepalive that etcd answered: the answer's own delay must
 * not count for us. Once lost it stays lost, even if etcd still knew it.
 */
function keep(connection: EtcdConnection, id: string, askedAt: number, grantedTtl: number): KeptLease {
  const { clock } = connection;
  const stopped = new AbortController();
  let provenUntil = askedAt + grantedTtl * 1000;
  const lost = (): boolean => {
    if (clock.now() >= provenUntil) stopped.abort();
    return stopped.signal.aborted;
  };
  void keepAlive(connection, id, grantedTtl, stopped.signal, (sentAt, ttl) => {
    if (ttl <= 0) stopped.abort();
    if (!lost()) provenUntil = sentAt + ttl * 1000;
  });
  return {
    id,
    lost,
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
  connection: EtcdConnection,
  id: string,
  ttlSeconds: number,
  stopped: AbortSignal,
  renewed: (sentAt: number, ttl: number) => void,
): Promise<void> {
  const clock: Clock = connection.clock;
  while (await clock.sleep((ttlSeconds * 1000) / 3, stopped)) {
    const sentAt = clock.now();
    const answer = await renew(connection, id);
    if (answer.kind === "answered") renewed(sentAt, answer.value);
  }
}

/** The new TTL; 0 where etcd has no such lease any more. */
const renew = (connection: EtcdConnection, id: string): Promise<Outcome<number>> =>
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
