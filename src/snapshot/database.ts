import sqlite, { type BindValues, type Database, type SQLiteValue } from "node-sqlite3-wasm";
import { type Rows, TABLES } from "./gen/tables.js";
import { APPLICATION_ID, SNAPSHOT_SCHEMA, schemaText } from "./schema.js";

export type { Database };

export type SqlValue = SQLiteValue;

/** What was given back last; emptied and handed out again, as making the tables anew takes longer than most snapshots' rows. */
let spare: Database | null = null;

/** More pages (of 4 KiB) are given back to the process at once: an emptied database keeps them. */
const SPARE_PAGES = 512;

/** An empty database in memory with every table of `schema.sql`. `giveBack` or `close` it. */
export const createDatabase = (): Database => {
  if (spare !== null) {
    const given = spare;
    spare = null;
    return given;
  }
  const db = new sqlite.Database(":memory:");
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SNAPSHOT_SCHEMA};`);
  db.exec(schemaText());
  return db;
};

/** Who calls this has let go of it: nothing but rows may have changed since `createDatabase`, and `query_only`. */
export const giveBack = (db: Database): void => {
  const [size] = selectAll<{ page_count: number }>(db, "PRAGMA page_count");
  if (spare !== null || size === undefined || size.page_count > SPARE_PAGES) {
    db.close();
    return;
  }
  db.exec("PRAGMA query_only = 0");
  db.exec(`BEGIN; ${EMPTYING} COMMIT;`);
  spare = db;
};

const EMPTYING = Object.keys(TABLES)
  .map((table) => `DELETE FROM ${table};`)
  .join(" ");

/** A database file, never written to; the caller closes it. */
export const openReadOnly = (path: string): Database => new sqlite.Database(path, { readOnly: true });

export const selectAll = <T>(db: Database, sql: string, values: readonly SqlValue[] = []): readonly T[] =>
  db.all(sql, [...values]) as T[];

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

/** Enough rows per statement to make the cost of a call small, and far below SQLite's 32,766 parameters. */
const ROWS_PER_STATEMENT = 64;

/** Inserts inside one transaction; the rows' fields are the table's columns. */
export const insertRows = (db: Database, table: string, rows: readonly object[]): void => {
  if (rows.length === 0) return;
  const columns = columnsOf(db, table).map(({ name }) => name);
  const statements = new Statements(db, table, columns);
  db.exec("BEGIN");
  try {
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      statements.insert(rows.slice(from, from + ROWS_PER_STATEMENT));
    }
    db.exec("COMMIT");
  } finally {
    statements.finalize();
    if (db.inTransaction) db.exec("ROLLBACK");
  }
};

/** One prepared insert per number of rows: the full batch and the rest. */
class Statements {
  readonly #db: Database;
  readonly #head: string;
  readonly #tuple: string;
  readonly #columns: readonly string[];
  readonly #prepared = new Map<number, ReturnType<Database["prepare"]>>();

  constructor(db: Database, table: string, columns: readonly string[]) {
    this.#db = db;
    this.#columns = columns;
    this.#head = `INSERT INTO ${table} (${columns.map((column) => `"${column}"`).join(", ")}) VALUES `;
    this.#tuple = `(${columns.map(() => "?").join(", ")})`;
  }

  insert(rows: readonly object[]): void {
    const values: BindValues = [];
    for (const row of rows) {
      const fields = row as Readonly<Record<string, SqlValue>>;
      for (const column of this.#columns) values.push(bindable(fields[column] ?? null));
    }
    this.#statement(rows.length).run(values);
  }

  finalize(): void {
    for (const statement of this.#prepared.values()) statement.finalize();
  }

  #statement(count: number): ReturnType<Database["prepare"]> {
    const known = this.#prepared.get(count);
    if (known !== undefined) return known;
    const made = this.#db.prepare(this.#head + Array(count).fill(this.#tuple).join(", "));
    this.#prepared.set(count, made);
    return made;
  }
}

/** The library hands text over as a C string: what follows a NUL would be lost, and two keys could become one. */
const bindable = (value: SqlValue): SqlValue =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\u2400") : value;
