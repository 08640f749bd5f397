import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { formatAlias } from "../../src/cluster/alias.js";
import { StreamHealthResponseSchema, Type } from "../../src/proto/gen/query_pb.js";
import {
  ExecuteFetchAsDbaRequestSchema,
  ExecuteFetchAsDbaResponseSchema,
  FullStatusResponseSchema,
  GetSchemaResponseSchema,
} from "../../src/proto/gen/tabletmanagerdata_pb.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import { RARELY_FILLED, SIDECAR_READS } from "../../src/tablets/queries.js";
import { type BenchTablet, TERM_START, WORKFLOW } from "./shape.js";

/** What a vttablet of the benchmark says to each call, in the size of a real one's answer. The server adds nothing. */
export type Method =
  | "StreamHealth"
  | "FullStatus"
  | "ExecuteFetchAsDba"
  | "GetSchema"
  | "GetReplicas"
  | "other";

const TABLES = Array.from({ length: 20 }, (_, index) => `table_${index}`);
const UUIDS = ["8bc65c84-3fe4-11ed-a912-257f0fcdd6c9", "8bc65cca-3fe4-11ed-bbfb-091034d48b3e"];
const POSITION = `MySQL56/${UUIDS.map((uuid, at) => `${uuid}:1-${1_000_000 + at}`).join(",")}`;

export function grpcAnswer(tablet: BenchTablet, method: Method, request: Uint8Array): Uint8Array {
  switch (method) {
    case "StreamHealth":
      return once(HEALTH, tablet, health);
    case "FullStatus":
      return once(STATUS, tablet, fullStatus);
    case "ExecuteFetchAsDba":
      return fetched(
        tablet,
        new TextDecoder().decode(fromBinary(ExecuteFetchAsDbaRequestSchema, request).query),
      );
    case "GetSchema":
      return SCHEMA;
    case "GetReplicas":
      return replicas(tablet);
    case "other":
      // Ping's answer repeats its request; every other method's answer may be empty.
      return request;
  }
}

const HEALTH = new Map<number, Uint8Array>();
const STATUS = new Map<number, Uint8Array>();

/** Encoded once, for the same reason as `COUNTERS`. */
function once(
  made: Map<number, Uint8Array>,
  tablet: BenchTablet,
  make: (tablet: BenchTablet) => Uint8Array,
): Uint8Array {
  const known = made.get(tablet.index);
  if (known !== undefined) return known;
  const bytes = make(tablet);
  made.set(tablet.index, bytes);
  return bytes;
}

/** Before the first measured call, so that it costs what the last one does. */
export function prepareAnswers(tablets: readonly BenchTablet[]): void {
  for (const tablet of tablets) {
    once(HEALTH, tablet, health);
    once(STATUS, tablet, fullStatus);
  }
}

const encode = <D extends DescMessage>(schema: D, message: MessageInitShape<D>): Uint8Array =>
  toBinary(schema, create(schema, message));

const health = ({ cell, uid, keyspace, shard, primary }: BenchTablet): Uint8Array =>
  encode(StreamHealthResponseSchema, {
    target: { keyspace, shard, tabletType: primary ? TabletType.PRIMARY : TabletType.REPLICA },
    serving: true,
    primaryTermStartTimestamp: BigInt(primary ? TERM_START : 0),
    realtimeStats: { cpuUsage: 0.25, qps: 812.5 },
    tabletAlias: { cell, uid },
  });

function fullStatus({ index, primary, primaryAt }: BenchTablet): Uint8Array {
  const serverUuid = `00000000-0000-0000-0000-${String(index).padStart(12, "0")}`;
  return encode(FullStatusResponseSchema, {
    status: {
      serverId: index + 1,
      serverUuid,
      version: "8.0.36",
      versionComment: "MySQL Community Server - GPL",
      readOnly: !primary,
      superReadOnly: !primary,
      gtidMode: "ON",
      binlogFormat: "ROW",
      binlogRowImage: "FULL",
      logBinEnabled: true,
      logReplicaUpdates: true,
      gtidPurged: POSITION,
      primaryStatus: { position: POSITION, filePosition: "FilePos/vt-bin.000042:123456789", serverUuid },
      ...(primary
        ? {}
        : {
            replicationStatus: {
              position: POSITION,
              relayLogPosition: POSITION,
              sourceHost: primaryAt.mysqlHost,
              sourcePort: primaryAt.mysqlPort,
              sourceUser: "vt_repl",
              ioState: 3,
              sqlState: 3,
              sourceUuid: UUIDS[0] ?? "",
            },
          }),
    },
  });
}

function fetched(tablet: BenchTablet, sql: string): Uint8Array {
  if (sql.includes("from _vt.vreplication as v")) return tablet.source === null ? NOTHING : streams(tablet);
  if (sql.includes("from information_schema.tables") && !sql.includes("vtdoctor_hold_"))
    return result(
      ["table_schema", "table_name"],
      TABLES.map((name) => [`vt_${tablet.keyspace}`, name]),
    );
  if (sql === SIDECAR_READS.contents)
    return result([...RARELY_FILLED, "sidecars"], [[...RARELY_FILLED.map(() => "0"), '["_vt"]']]);
  return NOTHING;
}

function result(columns: readonly string[], rows: readonly (readonly string[])[]): Uint8Array {
  return encode(ExecuteFetchAsDbaResponseSchema, {
    result: {
      fields: columns.map((name) => ({ name, type: Type.VARCHAR })),
      rows: rows.map((cells) => {
        const values = cells.map((cell) => Buffer.from(cell));
        return { lengths: values.map(({ length }) => BigInt(length)), values: Buffer.concat(values) };
      }),
    },
  });
}

const NOTHING = encode(ExecuteFetchAsDbaResponseSchema, {});

function streams({ keyspace, source }: BenchTablet): Uint8Array {
  const now = String(Math.floor(Date.now() / 1000));
  const rules = TABLES.map((name) => `rules:{match:"${name}" filter:"select * from ${name}"}`).join(" ");
  const row: Readonly<Record<string, string>> = {
    now_s: now,
    time_updated_s: now,
    log_type: "State Changed",
    log_state: "Running",
    log_message: "",
    log_count: "1",
    log_created_s: now,
    log_updated_s: now,
    id: "1",
    workflow: WORKFLOW,
    source: `keyspace:"${source?.keyspace}" shard:"${source?.shard}" filter:{${rules}}`,
    pos: POSITION,
    stop_pos: "",
    max_tps: "9223372036854775807",
    max_replication_lag: "9223372036854775807",
    cell: "",
    tablet_types: "in_order:REPLICA,PRIMARY",
    time_updated: now,
    transaction_timestamp: now,
    state: "Running",
    message: "",
    db_name: `vt_${keyspace}`,
    rows_copied: "1000",
    tags: "",
    time_heartbeat: now,
    workflow_type: "0",
    time_throttled: "0",
    component_throttled: "",
    workflow_sub_type: "0",
    defer_secondary_keys: "0",
    options: "{}",
  };
  return result(Object.keys(row), [Object.values(row)]);
}

const SCHEMA = encode(GetSchemaResponseSchema, {
  schemaDefinition: {
    tableDefinitions: TABLES.map((name) => ({
      name,
      type: "BASE TABLE",
      schema: `CREATE TABLE \`${name}\` (\n  \`id\` bigint NOT NULL,\n  \`customer_id\` bigint DEFAULT NULL,\n  \`body\` varchar(512) DEFAULT NULL,\n  PRIMARY KEY (\`id\`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
      dataLength: 16384n,
      rowCount: 1000n,
    })),
  },
});

/** GetReplicasResponse is `repeated string addrs = 1`: vtctld's Validate compares them with the records. */
function replicas({ primary, index, at }: BenchTablet): Uint8Array {
  if (!primary) return new Uint8Array();
  return Buffer.concat([1, 2].map((member) => lengthDelimited(0x0a, neighbour(at.mysqlHost, index, member))));
}

const neighbour = (host: string, index: number, member: number): string =>
  host.replace(/\d+\.\d+$/, `${((index + member) >> 8) & 255}.${(index + member) & 255}`);

const lengthDelimited = (tag: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([tag, text.length]), Buffer.from(text)]);

/** A v24 vttablet that has just started publishes 17 KB: what vtdoctor reads, Go's memory statistics and a hundred counters. */
export function debugVars(
  { cell, uid, keyspace, shard, primary, at, source }: BenchTablet,
  etcd: string,
): string {
  const [start = "", end = ""] = shard.split("-");
  const stream = primary && source !== null;
  const from = `${source?.keyspace}/${source?.shard}`;
  const published = (key: string, value: unknown) => (stream ? { [key]: value } : {});
  const vars = {
    BuildVersion: "24.0.4",
    TabletAlias: formatAlias({ cell, uid }),
    TabletKeyRangeEnd: end,
    TabletKeyRangeStart: start,
    TabletKeyspace: keyspace,
    TabletShard: shard,
    TabletStateName: "SERVING",
    TabletType: primary ? "primary" : "replica",
    VReplicationConfig: published(`${WORKFLOW}.1`, "{}"),
    VReplicationHeartbeat: published(`${from.replace("/", ".")}.${WORKFLOW}.Materialize.1`, TERM_START),
    VReplicationMessages: published("1", ""),
    VReplicationSource: published("1", from),
    VReplicationSourceTablet: published("1", ""),
    VReplicationStreamCount: stream ? 1 : 0,
    VReplicationStreamState: published(`${WORKFLOW}.Materialize.1`, "Running"),
    VStreamerCount: 0,
    cmdline: [
      ...["/usr/bin/vttablet", "--topo-implementation", "etcd2", "--topo-global-server-address", etcd],
      ...["--topo-global-root", "/vitess/global", "--tablet-path", formatAlias({ cell, uid })],
      ...["--init-keyspace", keyspace, "--init-shard", shard, "--tablet-hostname", at.host],
    ],
  };
  return `{\n${expvarLines(vars)},\n${COUNTERS}\n}\n`;
}

/** As Go's expvar writes it. */
const expvarLines = (vars: Readonly<Record<string, unknown>>): string =>
  Object.entries(vars)
    .map(([name, value]) => `"${name}": ${JSON.stringify(value)}`)
    .join(",\n");

/** Written once: the machine that serves the tablets is the one that is measured. */
const COUNTERS = expvarLines(
  Object.fromEntries([
    [
      "memstats",
      Object.fromEntries(Array.from({ length: 330 }, (_, index) => [`Counter${index}`, index * 7919])),
    ],
    ...Array.from({ length: 160 }, (_, index) => [
      `QueryServiceCounter${index}`,
      { TotalCount: index, TotalTime: index * 1000, Histograms: {} },
    ]),
  ]),
);
