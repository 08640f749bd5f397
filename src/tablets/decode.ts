import { inflateSync } from "node:zlib";
import { formatAlias } from "../cluster/alias.js";
import { answered, mapOutcome, type Outcome } from "../cluster/outcome.js";
import type { QueryResult, Row, StreamHealthResponse } from "../proto/gen/query_pb.js";
import type { FullStatus } from "../proto/gen/replicationdata_pb.js";
import type { TableDefinition as TableMessage } from "../proto/gen/tabletmanagerdata_pb.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type { Replication, SidecarRow, TableDefinition, TabletIdentity, TabletStatus } from "./access.js";
import { isTooLarge } from "./grpc-errors.js";
import { quoteName, SIDECAR_READS, STREAM_IDS, streamsBetween } from "./queries.js";

/** Who a process says it is. The target's cell is empty in practice; the alias carries it (docs/vitess.md#stream-health). */
export function identityOf(health: StreamHealthResponse): TabletIdentity | null {
  if (health.tabletAlias === undefined) return null;
  return {
    alias: formatAlias(health.tabletAlias),
    keyspace: health.target?.keyspace ?? "",
    shard: health.target?.shard ?? "",
    type: TabletType[health.target?.tabletType ?? TabletType.UNKNOWN] ?? "UNKNOWN",
    serving: health.serving,
    termStart: Number(health.primaryTermStartTimestamp),
    healthError: health.realtimeStats?.healthError ?? "",
  };
}

/** FullStatus reduced to what vtdoctor reads. The two positions are the same executed set; a source has no replication status. */
export function statusOf(status: FullStatus): TabletStatus {
  const replication = status.replicationStatus;
  return {
    serverUuid: status.serverUuid,
    serverVersion: status.version,
    readOnly: status.readOnly,
    superReadOnly: status.superReadOnly,
    position: status.primaryStatus?.position || replication?.position || "",
    sourceHost: replication?.sourceHost ?? "",
    sourcePort: replication?.sourcePort ?? 0,
    ioState: replication?.ioState ?? 0,
    sqlState: replication?.sqlState ?? 0,
    lastError: replication?.lastIoError || replication?.lastSqlError || "",
    replication: replicationOf(status),
  };
}

/** What Vitess writes for a source that the replica never reached (go/mysql/replication SID). */
const NO_UUID = "00000000-0000-0000-0000-000000000000";

function replicationOf(status: FullStatus): Replication {
  const source = status.replicationStatus?.sourceUuid ?? "";
  return {
    serverId: status.serverId,
    sourceUuid: source === NO_UUID ? "" : source,
    backupRunning: status.replicationStatus?.backupRunning ?? false,
    heartbeatInterval: status.replicationConfiguration?.heartbeatInterval ?? null,
    replicaNetTimeout: status.replicationConfiguration?.replicaNetTimeout ?? null,
    semiSyncSource: status.semiSyncPrimaryEnabled,
    semiSyncReplica: status.semiSyncReplicaEnabled,
    semiSyncWaits: status.semiSyncPrimaryStatus,
    semiSyncWaitCount: status.semiSyncWaitForReplicaCount,
    semiSyncClients: status.semiSyncPrimaryClients,
    semiSyncBlocked: status.semiSyncBlocked,
  };
}

/** GetSchema writes this for the quoted name of the database, which views carry (Vitess go/vt/mysqlctl/schema.go). */
const DATABASE_PLACEHOLDER = "{{.DatabaseName}}";

/** One table or view that GetSchema gave, as it is in `database`. */
export const tableOf = (table: TableMessage, database: string): TableDefinition => ({
  database,
  name: table.name,
  type: table.type,
  definition: table.schema.replaceAll(DATABASE_PLACEHOLDER, () => quoteName(database)),
  dataLength: Number(table.dataLength),
  rowCount: Number(table.rowCount),
});

/** The rows of a `query.QueryResult`: cells lie one after another in `values`, with -1 for the length of NULL (query.proto Row). */
export function rowsOfResult(result: QueryResult | undefined): readonly SidecarRow[] {
  const columns = result?.fields.map((field) => field.name) ?? [];
  return (result?.rows ?? []).map((row) => rowOf(columns, row));
}

function rowOf(columns: readonly string[], row: Row): SidecarRow {
  const cells: Record<string, string | null> = {};
  let start = 0;
  for (const [index, column] of columns.entries()) {
    const length = Number(row.lengths[index] ?? -1n);
    cells[column] = length < 0 ? null : textOfCell(column, row.values.subarray(start, start + length));
    start += Math.max(length, 0);
  }
  return cells;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A column's bytes as text; what is no UTF-8 as `base64:...`. Positions may be compressed and are expanded first. */
export function textOfCell(column: string, bytes: Uint8Array): string {
  const plain = POSITIONS.has(column) ? (expandPosition(bytes) ?? bytes) : bytes;
  try {
    return utf8.decode(plain);
  } catch {
    return `base64:${Buffer.from(plain).toString("base64")}`;
  }
}

const POSITIONS = new Set(["pos", "stop_pos"]);

/** A GTID set longer than this is none; it bounds what a crafted value can inflate to. */
const MAX_POSITION_BYTES = 64 << 20;

/**
 * MySQL's COMPRESS() form, which vttablet writes with `--vreplication-store-compressed-gtid`: four bytes of length, little-endian,
 * then zlib. Like Vitess (binlog_player.go MysqlUncompress; docs/vitess.md#stream-rows) we take a value for compressed only
 * if it inflates to exactly that length. Null: it is not compressed.
 */
function expandPosition(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length < 5) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (length === 0 || length > MAX_POSITION_BYTES) return null;
  try {
    const plain = inflateSync(bytes.subarray(4), { maxOutputLength: length });
    return plain.length === length ? plain : null;
  } catch {
    return null;
  }
}

/**
 * Which databases of the server hold exactly these tables. GetSchema answers for the tablet's own database without naming it, and
 * the usual name (`vt_` and the keyspace) can be overridden in the process's configuration, so it is found by its content.
 * `rows`: `table_schema` and `table_name` of every table there. What an earlier run moved aside has the same tables and is never it.
 */
export function databasesWith(tables: readonly string[], rows: readonly SidecarRow[]): readonly string[] {
  const wanted = new Set(tables);
  const found = new Map<string, { known: number; others: number }>();
  for (const { table_schema: database, table_name: table } of rows) {
    if (database == null || table == null || database.startsWith("vtdoctor_hold_")) continue;
    const count = found.get(database) ?? { known: 0, others: 0 };
    found.set(database, count);
    if (wanted.has(table)) count.known += 1;
    else count.others += 1;
  }
  return [...found]
    .filter(([, { known, others }]) => known === wanted.size && others === 0)
    .map(([name]) => name);
}

type Fetch = (sql: string) => Promise<Outcome<readonly SidecarRow[]>>;

/**
 * All rows of `_vt.vreplication`. A `source` holds one rule per table and may be megabytes, so all of them can be more than the
 * 16 MiB that one gRPC message may hold: then they are read by halves of the ids. One row that is too large alone stays unanswered.
 */
export async function fetchStreams(fetch: Fetch): Promise<Outcome<readonly SidecarRow[]>> {
  const all = await fetch(SIDECAR_READS.streams);
  if (!isTooLarge(all)) return all;
  const ids = mapOutcome(await fetch(STREAM_IDS), (rows) => rows.map((row) => BigInt(row.id ?? 0)));
  return ids.kind === "unanswered" ? ids : fetchHalves(fetch, ids.value);
}

async function fetchHalves(fetch: Fetch, ids: readonly bigint[]): Promise<Outcome<readonly SidecarRow[]>> {
  const middle = Math.ceil(ids.length / 2);
  const rows: SidecarRow[] = [];
  for (const half of [ids.slice(0, middle), ids.slice(middle)]) {
    const part = await fetchPart(fetch, half);
    if (part.kind === "unanswered") return part;
    rows.push(...part.value);
  }
  return answered(rows);
}

async function fetchPart(fetch: Fetch, ids: readonly bigint[]): Promise<Outcome<readonly SidecarRow[]>> {
  const [first, last] = [ids[0], ids.at(-1)];
  if (first === undefined || last === undefined) return answered([]);
  const part = await fetch(streamsBetween(first, last));
  return isTooLarge(part) && ids.length > 1 ? fetchHalves(fetch, ids) : part;
}
