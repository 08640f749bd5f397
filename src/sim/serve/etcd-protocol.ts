import type { Socket } from "node:net";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import type { Entry } from "../../topology/store.js";
import { EtcdError, type SimEtcd } from "../etcd.js";
import {
  type CompareMessage,
  compareOf,
  type DeleteMessage,
  etcdServices,
  headerOf,
  keyValueOf,
  type OperationMessage,
  operationOf,
  type PutMessage,
  putOf,
  type RangeMessage,
} from "./etcd-messages.js";

/** etcd's v3 API over one simulated etcd: KV, Lease and Maintenance.Status, as far as a `SimEtcd` goes; the rest is UNIMPLEMENTED. */
export function etcdProtocol(etcd: SimEtcd): { welcome(socket: Socket): void; close(): void } {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const { KV, Lease, Maintenance } = etcdServices();
  server.addService(KV, keys(etcd));
  server.addService(Lease, leases(etcd));
  server.addService(Maintenance, {
    Status: unary(() => ({ header: headerOf(etcd), version: etcd.version, leader: "1", raftTerm: "2" })),
  });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return { welcome: (socket) => injector.injectConnection(socket), close: () => server.forceShutdown() };
}

const keys = (etcd: SimEtcd) => ({
  Range: unary((request: RangeMessage) => {
    const { entries, more, count } = rangeOf(etcd, request);
    const shown = request.keys_only ? entries.map((entry) => ({ ...entry, value: NOTHING })) : entries;
    return { header: headerOf(etcd), kvs: shown.map(keyValueOf), more, count: String(count) };
  }),
  Put: unary((request: PutMessage) => {
    etcd.txn([], [putOf(request)]);
    return { header: headerOf(etcd) };
  }),
  DeleteRange: unary((request: DeleteMessage) => {
    const gone = entriesIn(etcd, request);
    etcd.txn(
      [],
      gone.map(({ key }) => ({ kind: "delete", key })),
    );
    return { header: headerOf(etcd), deleted: String(gone.length) };
  }),
  Txn: unary((request: TxnMessage) => {
    const operations = request.success.map(operationOf);
    if (request.failure.length > 0)
      throw new EtcdError("failed", "the simulated etcd does nothing where a comparison fails");
    const { succeeded } = etcd.txn(request.compare.map(compareOf), operations);
    return { header: headerOf(etcd), succeeded };
  }),
  Compact: unary(({ revision }: { readonly revision: string }) => {
    etcd.compact(Number(revision));
    return { header: headerOf(etcd) };
  }),
});

interface TxnMessage {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly OperationMessage[];
  readonly failure: readonly OperationMessage[];
}

const leases = (etcd: SimEtcd) => ({
  LeaseGrant: unary(({ TTL }: { readonly TTL: string }) => ({
    header: headerOf(etcd),
    ID: etcd.grant(Number(TTL)),
    TTL,
  })),
  LeaseRevoke: unary(({ ID }: Named) => {
    if (!etcd.revoke(ID)) throw new EtcdError("failed", NO_LEASE);
    return { header: headerOf(etcd) };
  }),
  LeaseTimeToLive: unary(({ ID }: Named) => {
    const lease = etcd.lease(ID);
    return { header: headerOf(etcd), ID, TTL: lease?.ttl ?? -1, grantedTTL: lease?.grantedTtl ?? 0 };
  }),
  LeaseKeepAlive: (call: ServerDuplexStream<Named, object>) => {
    call.on("data", ({ ID }: Named) => {
      const lives = etcd.keepAlive(ID);
      call.write({ header: headerOf(etcd), ID, TTL: lives ? (etcd.lease(ID)?.grantedTtl ?? 0) : 0 });
    });
    call.on("end", () => call.end());
  },
});

interface Named {
  readonly ID: string;
}

const NOTHING = new Uint8Array();
const NO_LEASE = "etcdserver: requested lease not found";

const unary =
  <Q, A extends object>(answer: (request: Q) => A) =>
  (call: ServerUnaryCall<Q, A>, reply: sendUnaryData<A>): void => {
    try {
      reply(null, answer(call.request));
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      reply({ code: codeOf(error), details: error.message });
    }
  };

/** As etcd's api/v3rpc/rpctypes/error.go. */
const codeOf = ({ message }: EtcdError): status =>
  message === NO_LEASE
    ? status.NOT_FOUND
    : message.startsWith("etcdserver: mvcc:")
      ? status.OUT_OF_RANGE
      : status.UNIMPLEMENTED;

interface Found {
  readonly entries: readonly Entry[];
  /** Some were left out for the limit. */
  readonly more: boolean;
  /** Of all in the range, whatever limit and filter left out. */
  readonly count: number;
}

/** etcd's RangeRequest: the keys from `key` to before `range_end`, in the order of their bytes. */
function rangeOf(etcd: SimEtcd, message: RangeMessage): Found {
  const revision = Number(message.revision) > 0 ? Number(message.revision) : undefined;
  const all = entriesIn(etcd, message, revision);
  const wanted = all.filter(({ createRevision }) => createRevision >= Number(message.min_create_revision));
  const limit = Number(message.limit) || wanted.length;
  return {
    entries: message.count_only ? [] : wanted.slice(0, limit),
    more: !message.count_only && wanted.length > limit,
    count: all.length,
  };
}

function entriesIn(
  etcd: SimEtcd,
  { key, range_end: end }: DeleteMessage,
  revision?: number,
): readonly Entry[] {
  if (end.length === 0) {
    const entry = etcd.get(key.toString(), revision);
    return entry === null ? [] : [entry];
  }
  const toTheEnd = end.equals(ZERO);
  const isIn = (found: string): boolean => {
    const bytes = Buffer.from(found);
    return bytes.compare(key) >= 0 && (toTheEnd || bytes.compare(end) < 0);
  };
  const among = etcd.range(toTheEnd ? "" : sharedStart(key, end), revision);
  return among.filter((entry) => isIn(entry.key));
}

const ZERO = Buffer.from([0]);

/** What every key between the two starts with, as far as it is ASCII. */
function sharedStart(key: Buffer, end: Buffer): string {
  const differs = key.findIndex((byte, index) => byte !== end[index] || byte >= 0x80);
  return key.subarray(0, differs === -1 ? key.length : differs).toString();
}
