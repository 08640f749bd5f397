import type { SidecarRow } from "../../tablets/access.js";

/**
 * Literals and names for statements that a tablet's parser reads first and MySQL second. The escapes are those of Vitess's own
 * encoder (go/mysql/sqlescape and go/sqltypes/value.go `encodeBytesSQL`, v19 to v24), so that what vttablet re-prints is what was meant.
 */
const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "'": "\\'",
  '"': '\\"',
  "\b": "\\b",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x1a": "\\Z",
  "\\": "\\\\",
};

export const sqlString = (text: string): string =>
  `'${[...text].map((character) => ESCAPES[character] ?? character).join("")}'`;

export const sqlName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

export const qualified = (database: string, table: string): string =>
  `${sqlName(database)}.${sqlName(table)}`;

export interface StoppedRow {
  readonly id: number;
  readonly workflow: string;
  readonly dbName: string;
  /** Prototext of the stream's BinlogSource; it only has to be readable. */
  readonly source: string;
  readonly message: string;
}

export type Insert =
  | { readonly kind: "insert"; readonly sql: string }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * The INSERT of a row of `_vt.vreplication` for a table of any version (docs/decisions.md#d12): `columns` are `show columns` of it. What
 * has a default or may be NULL is left to the table; a column that must be filled and is not known here is nothing to guess.
 */
export const stoppedRowStatement = (
  columns: readonly SidecarRow[],
  row: StoppedRow,
  nowSeconds: number,
): Insert => {
  const values: Readonly<Record<string, string>> = {
    id: String(row.id),
    workflow: sqlString(row.workflow),
    source: sqlString(row.source),
    pos: "''",
    max_tps: "0",
    max_replication_lag: "0",
    time_updated: String(nowSeconds),
    transaction_timestamp: "0",
    state: "'Stopped'",
    message: sqlString(row.message),
    db_name: sqlString(row.dbName),
    options: "'{}'",
  };
  const names = columns.flatMap((column) => column.Field ?? []);
  const unknown = columns.filter(mustBeGiven).flatMap(({ Field }) => (Field && !values[Field] ? Field : []));
  if (unknown.length > 0)
    return {
      kind: "refused",
      reason: `_vt.vreplication has the columns ${unknown.join(", ")}, which must be filled and which vtdoctor does not know`,
    };
  const given = Object.keys(values).filter((name) => names.includes(name));
  return {
    kind: "insert",
    sql: `insert into _vt.vreplication (${given.map(sqlName).join(", ")}) values (${given.map((name) => values[name]).join(", ")})`,
  };
};

const mustBeGiven = (column: SidecarRow): boolean =>
  column.Null === "NO" && column.Default === null && !/auto_increment/i.test(column.Extra ?? "");
