import { EtcdLeaseInvalidError, type IKeyValue, type IRangeRequest } from "etcd3";
import type { Clock } from "../cluster/clock.js";
import { answered, mapOutcome, type Outcome } from "../cluster/outcome.js";
import type { EtcdOptions } from "./etcd-client.js";
import { EtcdConnection } from "./etcd-connection.js";
import type { Entry, LeaseState, RangeRequest, RangeResult, ServerStatus, TopologyReader } from "./store.js";

/** Keys of one page: a thousand records are a few hundred KiB, and one request never blocks etcd for long. */
const PAGE = { records: 1_000, keysOnly: 10_000 };

/** Pages are pinned to the revision of the first, so that together they are one consistent view (docs/vitess.md#pinned-reads). */
async function readRange(
  connection: EtcdConnection,
  { prefix, revision, keysOnly = false, createdAfter }: RangeRequest,
): Promise<Outcome<RangeResult>> {
  const entries: Entry[] = [];
  const end = endOfPrefix(prefix);
  let from = prefix === "" ? ZERO : Buffer.from(prefix);
  let pinned = revision;
  let count: number | undefined;
  for (;;) {
    const request: IRangeRequest = {
      key: from,
      range_end: end,
      limit: keysOnly ? PAGE.keysOnly : PAGE.records,
      keys_only: keysOnly,
      ...(pinned !== undefined && { revision: pinned }),
      ...(createdAfter !== undefined && { min_create_revision: createdAfter + 1 }),
    };
    const page = await connection.read((etcd, options) => etcd.kv.range(request, options));
    if (page.kind === "unanswered") return page;
    pinned ??= Number(page.value.header.revision);
    count ??= Number(page.value.count);
    for (const found of page.value.kvs) entries.push(toEntry(found));
    const last = page.value.kvs.at(-1);
    if (!page.value.more || last === undefined) return answered({ revision: pinned, entries, count });
    from = Buffer.concat([last.key, ZERO]);
  }
}

/** int64s come as text; an etcd would need 300 years of a million writes a second to pass 2^53. */
const toEntry = (found: IKeyValue): Entry => ({
  key: found.key.toString("utf8"),
  value: new Uint8Array(found.value),
  createRevision: Number(found.create_revision),
  modRevision: Number(found.mod_revision),
  version: Number(found.version),
  lease: found.lease,
});

const ZERO = Buffer.from([0]);

/** The first key after all that start with the prefix; a zero byte stands for "to the end" (etcd's RangeRequest.range_end). */
function endOfPrefix(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  const last = bytes.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return ZERO;
  const end = Buffer.from(bytes.subarray(0, last + 1));
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}

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
