import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import {
  type Column,
  columnsOf,
  createDatabase,
  type Database,
  discard,
  giveBack,
  insertRows,
  selectAll,
  selectRows,
} from "../snapshot/database.js";
import { deriveQueryPaths, PATH_STATE, type PathState } from "../snapshot/derive/paths/query-path.js";
import { emptyFacts, type Facts, factsOf, isFactTable } from "../snapshot/facts.js";
import { TABLES } from "../snapshot/gen/tables.js";
import { filledDatabase } from "../snapshot/snapshot.js";
import type { Example, Queryable, Row, Value } from "./rule.js";

/** The cluster of an example: a snapshot whose derived rows may be written directly. */
export interface ExampleState extends Queryable {
  close(): void;
}

/**
 * `base` (a recording, a saved snapshot, or the empty cluster), the example's fact rows, what follows from them, the example's derived
 * rows, its statements, and the query paths that follow from all of it, unless it gives some itself. Throws a UsageError for an unknown table or column and for a statement that fails.
 */
export const buildState = (example: Example, base: Facts): ExampleState => {
  const rows = new Map(
    Object.entries(example.rows ?? {}).map(([table, given]) => [table, complete(table, given)]),
  );
  const db = filledDatabase(withRows(base, rows));
  try {
    for (const [table, given] of rows) if (!isFactTable(table)) for (const row of given) put(db, table, row);
    for (const statement of example.sql ?? []) run(db, statement);
    if (!rows.has("query_path")) followPaths(db);
  } catch (error) {
    discard(db);
    throw error;
  }
  return {
    all: (sql, ...params) => selectAll(db, sql, params),
    rows: (table, where) => selectRows(db, table, where),
    close: () => (onlyRows(example.sql ?? []) ? giveBack(db) : discard(db)),
  };
};

/** Whether each statement changes rows and nothing else: whoever gets the database next is to find it as a new one. */
const onlyRows = (statements: readonly string[]): boolean =>
  statements.every((one) => /^\s*(INSERT|REPLACE|UPDATE|DELETE|WITH)\b[^;]*;?\s*$/i.test(one));

/** Query paths follow from derived rows too: those of an example are of the state as it stands in the end. */
const followPaths = (db: Database): void => {
  const state = Object.fromEntries(PATH_STATE.map((table) => [table, selectRows(db, table)]));
  for (const [table, rows] of Object.entries(deriveQueryPaths(state as unknown as PathState))) {
    db.exec(`DELETE FROM ${table}`);
    insertRows(db, table, rows);
  }
};

/** One etcd at revision 100, root /vitess/global, seen at 2026-11-24T12:00:00Z; nothing in it. */
export const EMPTY_CLUSTER: Facts = {
  ...emptyFacts(),
  meta: [
    { name: "first_seen_at_ms", value: "1795521600000" },
    { name: "global_root", value: "/vitess/global" },
    { name: "global_server", value: "etcd:2379" },
    { name: "taken_at_ms", value: "1795521600000" },
  ],
  topo_server: [
    {
      server: "etcd:2379",
      cluster_id: "1",
      version: "3.5.0",
      revision: 100,
      horizon: 1,
      answered: 1,
      reason: null,
      message: null,
    },
  ],
  topo_root: [{ name: "global", server: "etcd:2379", root: "/vitess/global" }],
};

let shapes: ReadonlyMap<string, readonly Column[]> | null = null;

/** The columns of each table, read once. */
const knownShapes = (): ReadonlyMap<string, readonly Column[]> => {
  if (shapes !== null) return shapes;
  const db = createDatabase();
  try {
    shapes = new Map(Object.keys(TABLES).map((table) => [table, columnsOf(db, table)]));
    return shapes;
  } finally {
    giveBack(db);
  }
};

/** A short row stands for a whole one: what it leaves out is NULL where it may be, else '' or 0. */
const complete = (table: string, rows: readonly Row[]): readonly Row[] => {
  const shapes = knownShapes();
  const columns = shapes.get(table);
  if (columns === undefined)
    throw new UsageError(
      `an example has rows for an unknown table '${table}'.${didYouMean(table, [...shapes.keys()])}`,
    );
  const names = columns.map(({ name }) => name);
  return rows.map((row) => {
    for (const name of Object.keys(row))
      if (!names.includes(name))
        throw new UsageError(
          `an example names an unknown column '${table}.${name}'.${didYouMean(name, names)}`,
        );
    return Object.fromEntries(columns.map((column) => [column.name, row[column.name] ?? defaultOf(column)]));
  });
};

const defaultOf = (column: Column): Value => {
  if (column.notnull === 0 && column.pk === 0) return null;
  return column.type === "TEXT" ? "" : 0;
};

/** Rows of fact tables join the base's; a `meta` row replaces the one of its name. */
const withRows = (base: Facts, rows: ReadonlyMap<string, readonly Row[]>): Facts =>
  factsOf((table) => {
    const added = rows.get(table) ?? [];
    const kept =
      table === "meta"
        ? base.meta.filter(({ name }) => !added.some((row) => row.name === name))
        : base[table];
    return [...kept, ...added];
  });

/** The row of an example stands instead of the one that was derived under its key. */
const put = (db: Database, table: string, row: Row): void => {
  const marks = Object.keys(row).map(() => "?");
  const columns = Object.keys(row).map((column) => `"${column}"`);
  db.run(
    `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${marks.join(", ")})`,
    Object.values(row),
  );
};

const run = (db: Database, statement: string): void => {
  try {
    db.exec(statement);
  } catch (error) {
    throw new UsageError(
      `an example's statement fails: ${error instanceof Error ? error.message : error}: ${statement}`,
    );
  }
};
