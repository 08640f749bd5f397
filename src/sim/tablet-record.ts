import { create } from "@bufbuild/protobuf";
import { keyRangeOfShard } from "../cluster/key-range.js";
import { type KeyRange, KeyRangeSchema, type Tablet, TabletSchema } from "../proto/gen/topodata_pb.js";
import { type Time, TimeSchema } from "../proto/gen/vttime_pb.js";
import { atLeast } from "./stream-row.js";
import type { TabletProcess } from "./tablet-process.js";

/** utf8mb4_0900_ai_ci, as the recorded clusters have it. */
const COLLATION = 255;

/** A running tablet's record as it writes it itself. */
export const recordOf = (tablet: TabletProcess): Tablet => {
  const keyRange = keyRangeRecord(tablet.shard);
  return create(TabletSchema, {
    alias: tablet.alias,
    hostname: tablet.host,
    portMap: { grpc: tablet.grpcPort, vt: tablet.vtPort },
    keyspace: tablet.keyspace,
    shard: tablet.shard,
    ...(keyRange === null ? {} : { keyRange }),
    type: tablet.type,
    dbNameOverride: tablet.dbName === `vt_${tablet.keyspace}` ? "" : tablet.dbName,
    mysqlHostname: tablet.mysql.host,
    mysqlPort: tablet.mysql.port,
    ...(tablet.term === null ? {} : { primaryTermStartTime: tablet.term }),
    defaultConnCollation: COLLATION,
    ...(tablet.startedAt !== null && atLeast(tablet.version, 20)
      ? { tabletStartTime: tablet.startedAt }
      : {}),
  });
};

/** What a clean shutdown leaves of it: no address, but type and term (docs/vitess.md#shutdown). */
export const blankedRecord = (tablet: TabletProcess, now: Time): Tablet => {
  const { tabletStartTime: _, ...rest } = recordOf(tablet);
  const shutDown = atLeast(tablet.version, 20) ? { tabletShutdownTime: now } : {};
  return create(TabletSchema, { ...rest, hostname: "", mysqlHostname: "", portMap: {}, ...shutDown });
};

/** Null for a shard without a key range (`0`). */
export const keyRangeRecord = (shard: string): KeyRange | null => {
  const range = shard.includes("-") ? keyRangeOfShard(shard) : null;
  if (range === null) return null;
  return create(KeyRangeSchema, {
    start: Buffer.from(range.start, "hex"),
    end: Buffer.from(range.end, "hex"),
  });
};

export const timeOf = (ms: number): Time =>
  create(TimeSchema, { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1_000_000 });

export const isAfter = (a: Time | null | undefined, b: Time | null | undefined): boolean =>
  nanos(a) > nanos(b);

export const isSameTime = (a: Time | null | undefined, b: Time | null | undefined): boolean =>
  nanos(a) === nanos(b);

const nanos = (time: Time | null | undefined): bigint =>
  time === null || time === undefined ? 0n : time.seconds * 1_000_000_000n + BigInt(time.nanoseconds);
