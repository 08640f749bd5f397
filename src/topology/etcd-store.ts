import { EtcdLeaseInvalidError, type ICompare, type IRequestOp } from "etcd3";
import type { Clock } from "../cluster/clock.js";
import { mapOutcome, type Outcome } from "../cluster/outcome.js";
import { EtcdConnection } from "./etcd-connection.js";
import { holdLease, type KeptLease } from "./etcd-lease.js";
import type { EtcdOptions } from "./etcd-options.js";
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
