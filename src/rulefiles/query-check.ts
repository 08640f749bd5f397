import { columnsOf, createDatabase } from "../snapshot/database.js";

/** An empty snapshot on which queries are prepared: no row is read, only names are checked. */
export interface QueryCheck {
  /** The columns of the result; throws an Error where the query is no single SELECT over the snapshot's tables. */
  columnsOf(query: string): readonly string[];
  close(): void;
}

export const openQueryCheck = (): QueryCheck => {
  const db = createDatabase();
  return {
    columnsOf: (query) => {
      // Only a single SELECT can be the body of a view; that is the whole check.
      if (hasSecondStatement(query)) throw new Error("must be one SELECT: take out the ';'");
      db.exec(`CREATE TEMP VIEW prepared AS ${query}`);
      try {
        const columns = columnsOf(db, "prepared").map(({ name }) => name);
        db.all("SELECT * FROM prepared LIMIT 0");
        return columns;
      } finally {
        db.exec("DROP VIEW prepared");
      }
    },
    close: () => db.close(),
  };
};

const hasSecondStatement = (query: string): boolean =>
  query.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*/g, "").includes(";");
