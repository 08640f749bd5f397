import type { Clock } from "../cluster/clock.js";
import { answered, mapOutcome, type Outcome, unanswered } from "../cluster/outcome.js";
import { Query } from "../proto/gen/queryservice_pb.js";
import { TabletManager } from "../proto/gen/tabletmanagerservice_pb.js";
import type {
  SequenceRow,
  SidecarRow,
  TableDefinition,
  TabletAddress,
  TabletIdentity,
  TabletReader,
  TabletStatus,
} from "./access.js";
import { databasesWith, fetchStreams, identityOf, rowsOfResult, statusOf, tableOf } from "./decode.js";
import { TabletGrpc } from "./grpc.js";
import { TabletHttp } from "./http.js";
import { TabletMysql } from "./mysql.js";
import { readMysqlRows, readMysqlStatus } from "./mysql-decode.js";
import type { TabletOptions } from "./options.js";
import {
  ALL_TABLES,
  MAX_ROWS,
  SIDECAR_READS,
  type SidecarRead,
  sequenceQueries,
  type TableName,
} from "./queries.js";
import { parseDeniedTables } from "./query-rules.js";
import { parseVars } from "./vars.js";

/** The real read port: gRPC first, `/debug/vars` for what only the engine knows, MySQL where a login was given (docs/decisions.md#d9). */
export function createTabletReader(options: TabletOptions, clock: Clock): TabletReader {
  const grpc = new TabletGrpc(options, clock);
  const http = new TabletHttp(options, clock);
  const mysql = new TabletMysql(options, clock);
  return {
    identity: (at) => identity(grpc, at),
    vars: async (at) => flatMap(await http.text(at, "/debug/vars"), parseVars),
    status: (at) => status(grpc, at),
    rows: (at, read) => rows(grpc, at, read),
    schema: (at) => schema(grpc, at),
    sequences: (at, tables) => sequences(grpc, at, tables),
    deniedTables: async (at) => flatMap(await http.text(at, "/debug/query_rules"), parseDeniedTables),
    mysqlRows: (at, read, sidecar) => mysql.ask(at, (query) => readMysqlRows(query, read, sidecar)),
    mysqlStatus: (at) => mysql.ask(at, readMysqlStatus),
    leave: (at) => grpc.leave(at),
    close: () => grpc.close(),
  };
}

async function identity(grpc: TabletGrpc, at: TabletAddress): Promise<Outcome<TabletIdentity>> {
  const health = await grpc.first(at, Query.method.streamHealth, {});
  return flatMap(health, (message) => {
    const who = identityOf(message);
    return who === null ? unanswered("failed", "StreamHealth names no tablet") : answered(who);
  });
}

/** Since v22 a tablet whose disk hangs says only that (docs/vitess.md#tablet-rpcs). */
async function status(grpc: TabletGrpc, at: TabletAddress): Promise<Outcome<TabletStatus>> {
  const reply = await grpc.call(at, TabletManager.method.fullStatus, {});
  return flatMap(reply, ({ status }) => {
    if (status === undefined) return unanswered("failed", "FullStatus came without a status");
    if (status.diskStalled) return unanswered("failed", "FullStatus: the tablet's disk is stalled");
    return answered(statusOf(status));
  });
}

function rows(
  grpc: TabletGrpc,
  at: TabletAddress,
  read: SidecarRead,
): Promise<Outcome<readonly SidecarRow[]>> {
  const fetch = (sql: string) => fetchAsDba(grpc, at, sql);
  return read === "streams" ? fetchStreams(fetch) : fetch(SIDECAR_READS[read]);
}

async function schema(grpc: TabletGrpc, at: TabletAddress): Promise<Outcome<readonly TableDefinition[]>> {
  const reply = await grpc.call(at, TabletManager.method.getSchema, {
    includeViews: true,
    tableSchemaOnly: true,
  });
  if (reply.kind === "unanswered") return reply;
  const tables = reply.value.schemaDefinition?.tableDefinitions ?? [];
  if (tables.length === 0) return answered([]);
  const database = await databaseOf(
    grpc,
    at,
    tables.map((table) => table.name),
  );
  return mapOutcome(database, (name) => tables.map((table) => tableOf(table, name)));
}

async function sequences(
  grpc: TabletGrpc,
  at: TabletAddress,
  tables: readonly TableName[],
): Promise<Outcome<readonly SequenceRow[]>> {
  const found: SequenceRow[] = [];
  for (const sql of sequenceQueries(tables)) {
    const rows = await fetchAsDba(grpc, at, sql);
    if (rows.kind === "unanswered") return rows;
    for (const { ordinal, next_id, cache } of rows.value) {
      const table = tables[Number(ordinal)];
      if (table !== undefined) found.push({ ...table, nextId: next_id ?? "", cache: cache ?? "" });
    }
  }
  return answered(found);
}

/** Where the content does not decide (several databases of the same tables), the usual name does. */
async function databaseOf(
  grpc: TabletGrpc,
  at: TabletAddress,
  tables: readonly string[],
): Promise<Outcome<string>> {
  const all = await fetchAsDba(grpc, at, ALL_TABLES);
  if (all.kind === "unanswered") return all;
  const candidates = databasesWith(tables, all.value);
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return answered(only);
  const who = await identity(grpc, at);
  if (who.kind === "unanswered") return who;
  const usual = `vt_${who.value.keyspace}`;
  if (candidates.includes(usual)) return answered(usual);
  return unanswered(
    "failed",
    `cannot tell the tablet's database: ${candidates.length} hold just these tables`,
  );
}

async function fetchAsDba(
  grpc: TabletGrpc,
  at: TabletAddress,
  sql: string,
): Promise<Outcome<readonly SidecarRow[]>> {
  const reply = await grpc.call(at, TabletManager.method.executeFetchAsDba, {
    query: new TextEncoder().encode(sql),
    maxRows: MAX_ROWS,
  });
  return mapOutcome(reply, ({ result }) => rowsOfResult(result));
}

const flatMap = <T, U>(outcome: Outcome<T>, next: (value: T) => Outcome<U>): Outcome<U> =>
  outcome.kind === "answered" ? next(outcome.value) : outcome;
