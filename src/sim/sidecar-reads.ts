import type { SidecarRow } from "../tablets/access.js";
import { RARELY_FILLED, SIDECAR_READS, type SidecarRead } from "../tablets/queries.js";
import type { SimMysql } from "./mysql.js";
import { type CopyStateRow, type LogRow, rowCount, type SimTable, STREAM_CREATED } from "./mysql-data.js";
import { newStreamRow, type VitessVersion } from "./stream-row.js";

/** What the constant queries of `tablets/queries.ts` answer, column to text. */
export const readSidecar = (
  mysql: SimMysql,
  read: SidecarRead,
  nowSeconds: number,
  version: VitessVersion = "24.0.4",
  sidecarName = "_vt",
): readonly SidecarRow[] => {
  const { sidecar, databases, triggers } = mysql.data;
  switch (read) {
    case "streams":
      return sidecar.vreplication.map((row) => ({
        now_s: String(nowSeconds),
        time_updated_s: row.time_updated ?? null,
        created_s: birthOf(sidecar.log, row.id ?? ""),
        ...lastLog(sidecar.log, row.id ?? ""),
        ...row,
      }));
    case "contents":
      return [
        {
          ...Object.fromEntries(
            RARELY_FILLED.map((table) => [
              table,
              readSidecar(mysql, table, nowSeconds).length > 0 ? "1" : "0",
            ]),
          ),
          sidecars: JSON.stringify([sidecarName]),
        },
      ];
    case "copyState":
      return copyStates(sidecar.copyState);
    case "postCopyActions":
      return sidecar.postCopyActions.map(({ id, vreplId, tableName, action }) => ({
        id: String(id),
        vrepl_id: String(vreplId),
        table_name: tableName,
        action,
        copying: sidecar.copyState.some((row) => row.vreplId === vreplId && row.tableName === tableName)
          ? "1"
          : "0",
      }));
    case "journals":
      return sidecar.journals.map(({ id, dbName, val }) => ({ id, db_name: dbName, val }));
    case "vdiffs":
      return sidecar.vdiffs.map(({ id, uuid, dbName, ...vdiff }) => ({
        now_s: String(nowSeconds),
        id: String(id),
        vdiff_uuid: uuid,
        ...vdiff,
        db_name: dbName,
        created_s: null,
        started_s: null,
        completed_s: null,
        updated_s: null,
        last_error: null,
      }));
    case "strayRows":
      return strayRows(mysql);
    case "migrations":
      return sidecar.migrations.map((row) => ({ now_s: String(nowSeconds), ...row }));
    case "transactions":
      return sidecar.transactions.map((row) => ({ now_s: String(nowSeconds), ...row }));
    case "redos":
      return sidecar.redos.map((row) => ({ now_s: String(nowSeconds), ...row }));
    case "internalTables":
      return [...databases]
        .filter(([name]) => !name.startsWith("vtdoctor_hold_"))
        .flatMap(([name, tables]) =>
          [...tables.values()]
            .filter((table) => INTERNAL.test(table.name))
            .map((table) => ({
              now_s: String(nowSeconds),
              table_schema: name,
              table_name: table.name,
              table_type: table.type,
              bytes: PAGE_BYTES,
            })),
        );
    case "holds":
      return [...databases]
        .filter(([name]) => name.startsWith("vtdoctor_hold_"))
        .flatMap(([name, tables]) => heldIn(name, [...tables.values()]));
    case "triggers":
      return triggers.map(({ database, name, table }) => ({
        trigger_schema: database,
        trigger_name: name,
        event_object_table: table,
      }));
    case "statements":
      return mysql.locks.statements();
    case "tableLocks":
      return mysql.locks.locks();
    case "streamColumns":
      return streamColumns(version);
    case "mysqlPort":
      return [{ port: String(mysql.port) }];
    case "position":
      return [{ position: mysql.gtidExecuted }];
  }
};

/** The aggregate that the query asks for decides which row of an id that came again is told. */
const AGGREGATE = /unix_timestamp\(max\(l\.created_at\)\)/.test(SIDECAR_READS.streams) ? Math.max : Math.min;

const birthOf = (log: readonly LogRow[], id: string): string | null => {
  const own = log
    .filter(({ vreplId, type }) => vreplId === id && type === STREAM_CREATED)
    .map(({ createdAt }) => createdAt);
  return own.length === 0 ? null : String(AGGREGATE(...own));
};

const lastLog = (log: readonly LogRow[], id: string): SidecarRow => {
  const row = log.findLast(({ vreplId }) => vreplId === id);
  return {
    log_type: row?.type ?? null,
    log_state: row?.state ?? null,
    log_message: row === undefined ? null : row.type === STREAM_CREATED ? "" : row.message.slice(0, 1000),
    log_count: row === undefined ? null : String(row.count),
    log_created_s: row === undefined ? null : String(row.createdAt),
    log_updated_s: row === undefined ? null : String(row.updatedAt),
  };
};

const INTERNAL = /^_vt_|^_.*_vrepl$/;

/** Rows of streams that are gone; the simulator has neither `vdiff_table` nor a log that grows. */
const strayRows = ({ data: { sidecar } }: SimMysql): readonly SidecarRow[] => {
  const streams = new Set(sidecar.vreplication.map(({ id }) => Number(id)));
  const children = { copy_state: sidecar.copyState, post_copy_action: sidecar.postCopyActions };
  return Object.entries(children).flatMap(([child, rows]) =>
    [...new Set(rows.map(({ vreplId }) => vreplId))]
      .filter((id) => !streams.has(id))
      .map((id) => ({
        child,
        parent_id: String(id),
        row_count: String(rows.filter(({ vreplId }) => vreplId === id).length),
      })),
  );
};

/** A schema without tables shows as one row, as the outer join gives it. */
const heldIn = (schema: string, tables: readonly SimTable[]): readonly SidecarRow[] =>
  tables.length === 0
    ? [{ table_schema: schema, table_name: null, row_estimate: null, bytes: null }]
    : tables.map((table) => ({
        table_schema: schema,
        table_name: table.name,
        row_estimate: String(rowCount(table)),
        bytes: PAGE_BYTES,
      }));

/** InnoDB's smallest table. */
const PAGE_BYTES = "16384";

const copyStates = (rows: readonly CopyStateRow[]): readonly SidecarRow[] => {
  const groups = new Map<string, CopyStateRow[]>();
  for (const row of rows) {
    const group = `${row.vreplId} ${row.tableName}`;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    vrepl_id: String(group[0]?.vreplId),
    table_name: group[0]?.tableName ?? "",
    id: String(Math.max(...group.map(({ id }) => id))),
    steps: String(group.length),
  }));
};

/** `show columns`: what has no default, as in the tables of v19 and v24; the row that a new stream would get has all columns. */
const streamColumns = (version: VitessVersion): readonly SidecarRow[] => {
  const blank = { workflow: "", dbName: "", source: "", workflowType: 0 };
  return Object.keys(newStreamRow(version, blank, 0)).map((name) => ({
    Field: name,
    Null: NULLABLE.has(name) ? "YES" : "NO",
    Default: NULLABLE.has(name) || MUST_BE_GIVEN.has(name) ? null : "",
    Extra: name === "id" ? "auto_increment" : "",
  }));
};

const NULLABLE = new Set(["workflow", "stop_pos", "cell", "tablet_types", "message"]);
const MUST_BE_GIVEN = new Set([
  ...["id", "source", "pos", "max_tps", "max_replication_lag", "time_updated", "transaction_timestamp"],
  ...["state", "db_name", "options"],
]);
