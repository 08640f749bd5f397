import { EtcdLeaseInvalidError } from "etcd3";
import type { Clock } from "../cluster/clock.js";
import { mapOutcome, type Outcome } from "../cluster/outcome.js";
import { EtcdConnection } from "./etcd-connection.js";
import type { EtcdOptions } from "./etcd-options.js";
import { readRange, toEntry } from "./etcd-range.js";
import type { Entry, LeaseState, RangeRequest, RangeResult, ServerStatus, TopologyReader } from "./store.js";

/**
 * Connects on the first request. `server` is an address list as in `--topo-global-server-address` or CellInfo; one that names nobody
 * is unreachable, since it may come from the topology itself.
 * @throws {UsageError} where the TLS files can not be used.
 */
export const connectEtcdReader = (server: string, options: EtcdOptions, clock: Clock): TopologyReader =>
  new EtcdReader(new EtcdConnection(server, options, clock));

export class EtcdReader implements TopologyReader {
  constructor(protected readonly connection: EtcdConnection) {}

  get server(): string {
    return this.connection.server;
  }

  async status(): Promise<Outcome<ServerStatus>> {
    const status = await this.connection.read((etcd, options) => etcd.maintenance.status(options));
    return mapOutcome(status, ({ header, version }) => ({
      clusterId: header.cluster_id,
      revision: Number(header.revision),
      version,
    }));
  }

  range(request: RangeRequest): Promise<Outcome<RangeResult>> {
    return readRange(this.connection, request);
  }

  async get(
    key: string,
    revision?: number,
  ): Promise<Outcome<{ readonly revision: number; readonly entry: Entry | null }>> {
    const request = { key: Buffer.from(key), ...(revision !== undefined && { revision }) };
    const found = await this.connection.read((etcd, options) => etcd.kv.range(request, options));
    return mapOutcome(found, ({ header, kvs: [first] }) => ({
      revision: revision ?? Number(header.revision),
      entry: first === undefined ? null : toEntry(first),
    }));
  }

  lease(id: string): Promise<Outcome<LeaseState | null>> {
    return this.connection.read(async (etcd, options) => {
      try {
        const { TTL, grantedTTL } = await etcd.leaseClient.leaseTimeToLive({ ID: id }, options);
        return Number(TTL) < 0 ? null : { ttl: Number(TTL), grantedTtl: Number(grantedTTL) };
      } catch (error) {
        if (error instanceof EtcdLeaseInvalidError) return null;
        throw error;
      }
    });
  }

  close(): void {
    this.connection.close();
  }
}
