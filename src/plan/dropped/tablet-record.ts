import { clone, create } from "@bufbuild/protobuf";
import { parseAlias } from "../../cluster/alias.js";
import { keyRangeOfShard } from "../../cluster/key-range.js";
import { KeyRangeSchema, type Tablet, TabletSchema, TabletType } from "../../proto/gen/topodata_pb.js";
import { type Time, TimeSchema } from "../../proto/gen/vttime_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShard, decodeTablet, encodeTablet } from "../../topology/records.js";
import type { Deletion, Deletions } from "../facts/dropped-shard.js";
import { isPrimary, type Process, type ProcessFlags, processFlags, tabletRef } from "../facts/processes.js";

/** The bytes to put back, and where they come from; or why the process does not prove that they are its own. */
export type TabletRecord =
  | { readonly kind: "record"; readonly bytes: Uint8Array; readonly origin: string }
  | Unproven;

interface Unproven {
  readonly kind: "unproven";
  readonly reason: string;
}

/**
 * A process only gets a record that names itself: Vitess compares hostname and HTTP port before every publish and silently stops
 * publishing where they differ (docs/vitess.md#publishing).
 */
export const tabletRecord = (
  snapshot: Snapshot,
  process: Process,
  { tablet: deletion, shard }: Deletions,
): TabletRecord => {
  const flags = processFlags(snapshot, process.address);
  if (deletion === null) return reconstructed(snapshot, process, flags, shardTerm(shard));
  const decoded = decodeTablet(deletion.value);
  if (decoded.kind === "unanswered") return unproven(`its last record can not be read: ${decoded.message}`);
  const differs = difference(snapshot, decoded.value, process, flags);
  if (differs === null) return fromHistory(decoded.value, process, deletion, shardTerm(shard));
  if (differs.kind === "other-shard") return unproven(differs.reason);
  const moved = movedRecord(snapshot, decoded.value, process, flags);
  if (moved.kind === "unproven") return unproven(`${differs.reason}, and ${moved.reason}`);
  const adapted = adaptedTo(process, moved.record, shardTerm(shard));
  return {
    kind: "record",
    bytes: encodeTablet(adapted),
    origin: `etcd history before revision ${deletion.deletedRevision}, with the address, type and term that the process has now: it was at ${moved.from}`,
  };
};

const unproven = (reason: string): Unproven => ({ kind: "unproven", reason });

interface Difference {
  readonly kind: "other-shard" | "other-address";
  readonly reason: string;
}

const difference = (
  snapshot: Snapshot,
  record: Tablet,
  process: Process,
  flags: ProcessFlags,
): Difference | null => {
  if (record.keyspace !== process.keyspace || record.shard !== process.shard)
    return {
      kind: "other-shard",
      reason: `its last record is of ${record.keyspace}/${record.shard}, the process says ${process.keyspace}/${process.shard}`,
    };
  const reason = otherAddress(snapshot, record, process, flags);
  return reason === null ? null : { kind: "other-address", reason };
};

const otherAddress = (
  snapshot: Snapshot,
  record: Tablet,
  process: Process,
  flags: ProcessFlags,
): string | null => {
  const recorded = `${record.hostname}:${record.portMap.grpc ?? 0}`;
  if (recorded !== process.address && !mapped(snapshot, process))
    return `it answers at ${process.address}, its last record says ${recorded}`;
  const ports = [
    ["gRPC", record.portMap.grpc, flags.grpcPort],
    ["HTTP", record.portMap.vt, flags.httpPort],
  ] as const;
  const other = ports.find(([, recordedPort, own]) => own !== undefined && own !== recordedPort);
  if (other)
    return `its last record has ${other[0]} port ${other[1]}, the process was started with ${other[2]}`;
  if (flags.hostname !== undefined && flags.hostname !== record.hostname)
    return `its last record has the host ${record.hostname}, the process was started as ${flags.hostname}`;
  return null;
};

/** An operator's inventory may reach a process at another address than the one that it registers (NAT, port-forwards). */
const mapped = (snapshot: Snapshot, process: Process): boolean =>
  snapshot.rows("witness", { source: "inventory", address: process.address, alias: process.alias }).length >
  0;

const fromHistory = (
  record: Tablet,
  process: Process,
  deletion: Deletion,
  ofShard: Time | undefined,
): TabletRecord => {
  const origin = `etcd history before revision ${deletion.deletedRevision}`;
  const type = typeOf(process);
  const term = termOf(process, [record.primaryTermStartTime, ofShard]);
  const same =
    record.type === type &&
    record.primaryTermStartTime?.seconds === term?.seconds &&
    !record.tabletShutdownTime;
  if (same) return { kind: "record", bytes: deletion.value, origin };
  return {
    kind: "record",
    bytes: encodeTablet(adaptedTo(process, record, ofShard)),
    origin: `${origin}, with the type and term that the process has now`,
  };
};

const adaptedTo = (process: Process, record: Tablet, ofShard: Time | undefined): Tablet => {
  const adapted = clone(TabletSchema, record);
  adapted.type = typeOf(process);
  adapted.primaryTermStartTime = termOf(process, [record.primaryTermStartTime, ofShard]);
  adapted.tabletShutdownTime = undefined;
  return adapted;
};

const reconstructed = (
  snapshot: Snapshot,
  process: Process,
  flags: ProcessFlags,
  ofShard: Time | undefined,
): TabletRecord => {
  const { address } = tabletRef(snapshot, process);
  const httpPort = flags.httpPort ?? address.httpPort;
  const mysqlPort = flags.mysqlPort ?? address.mysqlPort;
  const alias = parseAlias(process.alias);
  const range = keyRangeOfShard(process.shard);
  if (alias === null || range === null) return unproven("its alias or shard name is not one of Vitess's");
  if (httpPort === 0) return unproven("history does not have its record, and it does not say its HTTP port");
  if (mysqlPort === 0) return unproven("history does not have its record, and nobody knows its MySQL port");
  const hostname = flags.hostname ?? address.host;
  const tablet = create(TabletSchema, {
    alias,
    hostname,
    portMap: { grpc: flags.grpcPort ?? address.grpcPort, vt: httpPort },
    keyspace: process.keyspace,
    shard: process.shard,
    type: typeOf(process),
    dbNameOverride: process.dbName === `vt_${process.keyspace}` ? "" : process.dbName,
    mysqlHostname: flags.mysqlHost ?? hostname,
    mysqlPort,
    defaultConnCollation: usualCollation(snapshot, process.keyspace),
  });
  if (process.shard.includes("-"))
    tablet.keyRange = create(KeyRangeSchema, {
      start: Buffer.from(range.start, "hex"),
      end: Buffer.from(range.end, "hex"),
    });
  tablet.primaryTermStartTime = termOf(process, [ofShard]);
  return {
    kind: "record",
    bytes: encodeTablet(tablet),
    origin: "reconstructed from the process's own words; tags are lost",
  };
};

/** The collation id that all recorded tablets of the keyspace have, which they take from one charset flag; 0 where they differ. */
const usualCollation = (snapshot: Snapshot, keyspace: string): number => {
  const records = snapshot.all<{ value: Uint8Array }>(
    "SELECT k.value FROM tablet t JOIN topo_key k USING (server, key) WHERE t.keyspace = ? ORDER BY k.key",
    keyspace,
  );
  const collations = new Set(
    records
      .map(({ value }) => decodeTablet(value))
      .flatMap((record) => (record.kind === "answered" ? record.value.defaultConnCollation : [])),
  );
  const [only] = collations;
  return collations.size === 1 && only !== undefined ? only : 0;
};

const typeOf = (process: Process): TabletType =>
  TabletType[process.type as keyof typeof TabletType] ?? TabletType.UNKNOWN;

/** StreamHealth tells the term in whole seconds; a record that has the same one also has its nanoseconds. */
const termOf = (process: Process, recorded: readonly (Time | undefined)[]): Time | undefined => {
  if (!isPrimary(process)) return undefined;
  const seconds = BigInt(process.termStart);
  return recorded.find((term) => term?.seconds === seconds) ?? create(TimeSchema, { seconds });
};

const shardTerm = (deletion: Deletion | null): Time | undefined => {
  const shard = deletion === null ? null : decodeShard(deletion.value);
  return shard?.kind === "answered" ? shard.value.primaryTermStartTime : undefined;
};

type Moved = { readonly kind: "moved"; readonly record: Tablet; readonly from: string } | Unproven;

/**
 * The last record of a tablet that runs at another address now, with what the process says of itself in the place of the old host and
 * ports: a record with the old ones would keep the process from publishing for ever (docs/vitess.md#publishing). Only where nobody of
 * that alias can still be at the old address.
 */
const movedRecord = (snapshot: Snapshot, record: Tablet, process: Process, flags: ProcessFlags): Moved => {
  const { address } = tabletRef(snapshot, process);
  const from = `${record.hostname}:${record.portMap.grpc ?? 0}`;
  if (flags.grpcPort !== address.grpcPort)
    return unproven(
      flags.grpcPort === undefined
        ? "it does not say on which gRPC port it listens"
        : `it was started with gRPC port ${flags.grpcPort}`,
    );
  const httpPort = flags.httpPort ?? 0;
  const mysqlPort = flags.mysqlPort ?? address.mysqlPort;
  if (httpPort === 0) return unproven("it does not say its HTTP port");
  if (mysqlPort === 0) return unproven("nobody knows its MySQL port");
  const there = whoIsAt(snapshot, from, process.alias);
  if (there !== null) return unproven(there);
  const hostname = flags.hostname ?? address.host;
  const moved = clone(TabletSchema, record);
  moved.hostname = hostname;
  moved.portMap = { ...record.portMap, grpc: address.grpcPort, vt: httpPort };
  moved.mysqlHostname = flags.mysqlHost ?? hostname;
  moved.mysqlPort = mysqlPort;
  return { kind: "moved", record: moved, from };
};

/** Null: the old address refuses connections, or another tablet has it. */
const whoIsAt = (snapshot: Snapshot, address: string, alias: string): string | null => {
  const [live] = snapshot.rows("live_tablet", { address });
  if (live !== undefined)
    return live.alias === null || live.alias === alias
      ? `a process at ${address} may be the same tablet`
      : null;
  const [probe] = snapshot.rows("probe", { address, channel: "health" });
  return probe?.answered === 0 && probe.reason === "unreachable"
    ? null
    : `it is not proven that nobody is left at ${address} (${probe?.reason ?? "not asked"})`;
};
