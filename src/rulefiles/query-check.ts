import { columnsOf, createDatabase, discard, selectAll, withoutQuoted } from "../snapshot/database.js";

/** An empty snapshot on which queries are prepared: no row is read, only names are checked. */
export interface QueryCheck {
  /** The columns of the result; throws an Error where the query is no single SELECT over the snapshot's tables. */
  columnsOf(query: string): readonly string[];
  /** The tables that SQLite opens for it, through views too; sorted. */
  tablesOf(query: string): readonly string[];
  close(): void;
}

export const openQueryCheck = (): QueryCheck => {
  const db = createDatabase();
  const tableAt = new Map(
    selectAll<{ rootpage: number; tbl_name: string }>(db, "SELECT rootpage, tbl_name FROM sqlite_schema").map(
      ({ rootpage, tbl_name }) => [rootpage, tbl_name],
    ),
  );
  return {
    columnsOf: (query) => {
      // Only a single SELECT can be the body of a view; that is the whole check.
      if (withoutQuoted(query).includes(";")) throw new Error("must be one SELECT: take out the ';'");
      db.exec(`CREATE TEMP VIEW prepared AS ${query}`);
      try {
        const columns = columnsOf(db, "prepared").map(({ name }) => name);
        db.all("SELECT * FROM prepared LIMIT 0");
        return columns;
      } finally {
        db.exec("DROP VIEW prepared");
      }
    },
    // p2 of OpenRead: where the table, or one of its indexes, begins (https://sqlite.org/opcode.html).
    tablesOf: (query) => {
      const program = selectAll<{ opcode: string; p2: number }>(db, `EXPLAIN ${query}`);
      const opened = program.filter(({ opcode }) => opcode === "OpenRead");
      return [...new Set(opened.flatMap(({ p2 }) => tableAt.get(p2) ?? []))].sort();
    },
    close: () => discard(db),
  };
};
