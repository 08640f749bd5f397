import sqlite, { type Database, type SQLiteValue } from "node-sqlite3-wasm";
import { type Rows, TABLES } from "./gen/tables.js";
import { APPLICATION_ID, SNAPSHOT_SCHEMA, schemaText } from "./schema.js";

export type { Database };

export type SqlValue = SQLiteValue;

type Statement = ReturnType<Database["prepare"]>;

/** Of each database of `createDatabase`, by its SQL: what was prepared on it. The rules' queries take far longer to prepare than to run. */
const PREPARED = new WeakMap<Database, Map<string, Statement>>();

/** Far more than all rules have; what is prepared takes memory, and a test may ask for thousands of queries. */
const MOST_PREPARED = 1_000;

/** What was given back; emptied and handed out again with its statements. */
const spares: Database[] = [];

/** Two looks at a cluster, what a plan leads to, and one more. */
const MOST_SPARES = 4;

/** More pages (of 4 KiB) are given back to the process at once: an emptied database keeps them. */
const SPARE_PAGES = 512;

/** An empty database in memory with every table of `schema.sql`. `giveBack` or `discard` it. */
export const createDatabase = (): Database => {
  const given = spares.pop();
  if (given !== undefined) return given;
  const db = new sqlite.Database(":memory:");
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SNAPSHOT_SCHEMA};`);
  db.exec(schemaText());
  PREPARED.set(db, new Map());
  return db;
};

/**
 * Who calls this has let go of it: nothing but rows may have changed since `createDatabase`. A PRAGMA that sets something would have
 * every statement prepared anew (OP_Expire, https://sqlite.org/opcode.html).
 */
export const giveBack = (db: Database): void => {
  const [size] = selectAll<{ page_count: number }>(db, "PRAGMA page_count");
  if (spares.length === MOST_SPARES || size === undefined || size.page_count > SPARE_PAGES) {
    discard(db);
    return;
  }
  db.exec("BEGIN");
  for (const sql of EMPTYING) selectAll(db, sql);
  db.exec("COMMIT");
  spares.push(db);
};

const EMPTYING = Object.keys(TABLES).map((table) => `DELETE FROM ${table}`);

/** Frees its memory: SQLite keeps a closed database for as long as one of its statements is there. */
export const discard = (db: Database): void => {
  forget(db);
  db.close();
};

const forget = (db: Database): void => {
  for (const statement of PREPARED.get(db)?.values() ?? []) statement.finalize();
  PREPARED.get(db)?.clear();
};

/** Null: it is prepared for once, on a database that is not ours to keep, or as an EXPLAIN, which stays active after its last row. */
const preparedOn = (db: Database, sql: string): Statement | null => {
  const prepared = PREPARED.get(db);
  if (prepared === undefined || /^\s*EXPLAIN\b/i.test(sql)) return null;
  const known = prepared.get(sql);
  if (known !== undefined) return known;
  if (prepared.size === MOST_PREPARED) forget(db);
  const made = db.prepare(sql);
  prepared.set(sql, made);
  return made;
};

/** A database file, never written to; the caller closes it. */
export const openReadOnly = (path: string): Database => new sqlite.Database(path, { readOnly: true });

export const selectAll = <T>(db: Database, sql: string, values: readonly SqlValue[] = []): readonly T[] => {
  const statement = preparedOn(db, sql);
  if (statement === null) return db.all(sql, [...values]) as T[];
  try {
    return statement.all([...values]) as T[];
  } catch (error) {
    // It may stand in the middle of its rows, and would hold up a VACUUM.
    PREPARED.get(db)?.delete(sql);
    finalized(statement);
    throw error;
  }
};

/** Its error, which SQLite tells once more, is known already. */
const finalized = (statement: Statement): void => {
  try {
    statement.finalize();
  } catch {
    // As above.
  }
};

/** Columns of a table with the value that each has; null: it has none. */
export type Where<T extends keyof Rows> = { readonly [C in keyof Rows[T]]?: Rows[T][C] };

/** The rows of a table that have these values, in the order of its key. */
export const selectRows = <T extends keyof Rows>(
  db: Database,
  table: T,
  where: Where<T> = {},
): readonly Rows[T][] => {
  const values = Object.entries(where as Readonly<Record<string, SqlValue>>);
  const conditions = values.map(([column]) => ` AND "${column}" IS ?`);
  return selectAll<Rows[T]>(
    db,
    `SELECT * FROM ${table} WHERE true${conditions.join("")} ORDER BY ${TABLES[table].key.join(", ")}`,
    values.map(([, value]) => value),
  );
};

export const columnsOf = (db: Database, table: string): readonly Column[] =>
  selectAll<Column>(db, `SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid`, [table]);

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  /** Its place in the primary key, from 1; 0: not part of it. */
  readonly pk: number;
}

/**
 * Rows per statement, largest first: enough to make the cost of a call small, far below SQLite's 32,766 parameters, and few sizes, so that
 * each is prepared once.
 */
const BATCHES = [64, 8, 1] as const;

/** Inserts inside one transaction; the rows' fields are the table's columns. */
export const insertRows = (db: Database, table: string, rows: readonly object[]): void => {
  if (rows.length === 0) return;
  const columns = namesOf(db, table);
  db.exec("BEGIN");
  try {
    let from = 0;
    for (const size of BATCHES) {
      if (from + size > rows.length) continue;
      const sql = insertSql(table, columns, size);
      for (; from + size <= rows.length; from += size)
        selectAll(db, sql, boundRows(columns, rows.slice(from, from + size)));
    }
    db.exec("COMMIT");
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
};

/** Of the tables of `schema.sql`, which every database of `createDatabase` has alike. */
const COLUMN_NAMES = new Map<string, readonly string[]>();

const namesOf = (db: Database, table: string): readonly string[] => {
  const names = COLUMN_NAMES.get(table) ?? columnsOf(db, table).map(({ name }) => name);
  COLUMN_NAMES.set(table, names);
  return names;
};

const insertSql = (table: string, columns: readonly string[], rows: number): string => {
  const tuple = `(${columns.map(() => "?").join(", ")})`;
  const names = columns.map((column) => `"${column}"`).join(", ");
  return `INSERT INTO ${table} (${names}) VALUES ${Array(rows).fill(tuple).join(", ")}`;
};

const boundRows = (columns: readonly string[], rows: readonly object[]): readonly SqlValue[] =>
  (rows as readonly Readonly<Record<string, SqlValue>>[]).flatMap((row) =>
    columns.map((column) => bindable(row[column] ?? null)),
  );

/** The library hands text over as a C string: what follows a NUL would be lost, and two keys could become one. */
const bindable = (value: SqlValue): SqlValue =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\u2400") : value;

/** What of a statement is SQL: without its strings, quoted names and comments. */
export const withoutQuoted = (sql: string): string =>
  sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*/g, "");
