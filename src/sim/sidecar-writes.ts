import type { ExecResult, SidecarRow } from "../tablets/access.js";
import type { SimMysql } from "./mysql.js";
import { type LogRow, type MysqlData, STREAM_CREATED } from "./mysql-data.js";
import { matches, parseSidecarStatement, type SidecarStatement, SqlError } from "./sql.js";
import { newStreamRow, type VitessVersion } from "./stream-row.js";

export interface SidecarHost {
  readonly mysql: SimMysql;
  readonly version: VitessVersion;
  nowSeconds(): number;
}

type Values = ReadonlyMap<string, string | null>;

/** A statement on `_vt` sent to MySQL itself: rows change, controllers do not notice. */
export const runSidecarStatement = (host: SidecarHost, sql: string): ExecResult => {
  const statement = parseSidecarStatement(sql);
  return statement.table === "resharding_journal"
    ? changeJournals(host.mysql, statement)
    : changeStreams(host, statement);
};

const changeStreams = (host: SidecarHost, statement: SidecarStatement): ExecResult => {
  if (statement.kind === "insert") {
    insertStreamRows(host, statement.rows);
    return { rowsAffected: statement.rows.length };
  }
  const hit = (row: SidecarRow): boolean => matches(row, statement.where);
  const rowsAffected = host.mysql.data.sidecar.vreplication.filter(hit).length;
  if (rowsAffected === 0) return { rowsAffected };
  host.mysql.write((data) => {
    if (statement.kind === "update") setInRows(data, hit, Object.fromEntries(statement.set));
    else data.sidecar.vreplication = data.sidecar.vreplication.filter((row) => !hit(row));
  });
  return { rowsAffected };
};

const changeJournals = (mysql: SimMysql, statement: SidecarStatement): ExecResult => {
  if (statement.kind === "update") throw new SqlError("unsupported construct: update");
  if (statement.kind === "insert") {
    const made = statement.rows.map((row) => ({
      id: row.get("id") ?? "0",
      dbName: row.get("db_name") ?? "",
      val: row.get("val") ?? "",
    }));
    mysql.write(({ sidecar }) => {
      sidecar.journals = [...sidecar.journals, ...made];
    });
    return { rowsAffected: made.length };
  }
  const hit = mysql.data.sidecar.journals.filter(({ id, dbName, val }) =>
    matches({ id, db_name: dbName, val }, statement.where),
  );
  mysql.write(({ sidecar }) => {
    sidecar.journals = sidecar.journals.filter(({ id }) => !hit.some((row) => row.id === id));
  });
  return { rowsAffected: hit.length };
};

/**
 * Columns that are not given get what the table gives them; an id is taken as it comes. The new ids are decided here and replicated as
 * rows, so that a replica has the same ones whatever its own counter says.
 */
export const insertStreamRows = (host: SidecarHost, rows: readonly Values[]): readonly SidecarRow[] => {
  const blank = { workflow: "", dbName: "", source: "", workflowType: 0, limits: "0" };
  let next = host.mysql.data.sidecar.next.vreplication;
  const made = rows.map((values): SidecarRow => {
    const id = Number(values.get("id") ?? next);
    next = Math.max(next, id + 1);
    const row = newStreamRow(host.version, blank, host.nowSeconds());
    return { ...row, ...Object.fromEntries(values), id: String(id) };
  });
  host.mysql.write(({ sidecar }) => {
    sidecar.vreplication = [...sidecar.vreplication, ...made];
    const at = host.nowSeconds();
    sidecar.log = [
      ...sidecar.log,
      ...made.map((row) => logRow(row, STREAM_CREATED, JSON.stringify(row), at)),
    ];
    sidecar.next.vreplication = Math.max(sidecar.next.vreplication, next);
  });
  return made;
};

/** The log after one more line: one that says the same as the last of its stream is counted (vreplication/utils.go insertLog). */
export const logged = (
  log: readonly LogRow[],
  row: SidecarRow,
  message: string,
  at: number,
): readonly LogRow[] => {
  const last = log.findLast(({ vreplId }) => vreplId === row.id);
  return last?.message === message
    ? log.map((line) => (line === last ? { ...line, count: line.count + 1, updatedAt: at } : line))
    : [...log, logRow(row, "Message", message, at)];
};

const logRow = ({ id, state }: SidecarRow, type: string, message: string, at: number): LogRow => ({
  vreplId: id ?? "",
  type,
  state: state ?? "",
  message,
  count: 1,
  createdAt: at,
  updatedAt: at,
});

export const setInRows = (
  { sidecar }: MysqlData,
  hit: (row: SidecarRow) => boolean,
  set: Readonly<Record<string, string | null>>,
): void => {
  sidecar.vreplication = sidecar.vreplication.map((row) => (hit(row) ? { ...row, ...set } : row));
};
