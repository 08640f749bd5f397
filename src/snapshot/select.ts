import { rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { UsageError } from "../cluster/errors.js";
import type { SqlValue } from "./database.js";
import { scratchFolder } from "./scratch.js";
import type { Snapshot } from "./snapshot.js";

export interface SelectResult {
  /** In the order of the query, also where no row came. */
  readonly columns: readonly string[];
  readonly rows: readonly SelectRow[];
}

type SelectRow = Readonly<Record<string, SqlValue>>;

/**
 * Runs SQL that somebody typed: one SELECT, in a thread that is ended after `timeMs`; here and without a limit where no temporary
 * file can be made. Throws `UsageError` for anything else than one SELECT, for an error of SQLite and at the time limit.
 */
export const select = async (
  snapshot: Snapshot,
  sql: string,
  { timeMs }: { readonly timeMs: number },
): Promise<SelectResult> => {
  const query = oneSelect(snapshot, sql);
  const copy = copied(snapshot);
  if (copy === null) return here(snapshot, query);
  try {
    return await inThread(copy.path, query, timeMs);
  } finally {
    copy.remove();
  }
};

/** For the thread, which can not read this one's memory. Null where there is no place for a file: the time limit is not worth the answer. */
function copied(snapshot: Snapshot): { readonly path: string; remove(): void } | null {
  let folder: string | null = null;
  const remove = () => folder !== null && rmSync(folder, { recursive: true, force: true });
  try {
    folder = scratchFolder();
    const path = join(folder, "snapshot.db");
    snapshot.save(path);
    return { path, remove };
  } catch (error) {
    remove();
    if (error instanceof UsageError) return null;
    throw error;
  }
}

const here = (snapshot: Snapshot, sql: string): SelectResult => {
  try {
    const rows = snapshot.all<SelectRow>(sql);
    return { columns: Object.keys(rows[0] ?? snapshot.all<SelectRow>(columnsSql(sql))[0] ?? {}), rows };
  } catch (error) {
    throw new UsageError(`the query failed: ${messageOf(error)}`);
  }
};

/**
 * The query without a closing semicolon, proven to be one SELECT (or WITH, or VALUES): nothing else compiles on its own and also
 * inside of parentheses. A second statement would need a semicolon there, and PRAGMA, ATTACH or a write are no subqueries.
 */
const oneSelect = (snapshot: Snapshot, sql: string): string => {
  const query = sql.replace(/[\s;]+$/, "");
  for (const text of [`EXPLAIN ${query}`, `EXPLAIN ${columnsSql(query)}`]) {
    try {
      snapshot.all(text);
    } catch (error) {
      throw new UsageError(`the query is not one SELECT that SQLite accepts: ${messageOf(error)}`);
    }
  }
  return query;
};

/** One row of NULLs that has the query's columns. A newline ends a comment that the query may end with. */
const columnsSql = (query: string): string =>
  `SELECT wanted.* FROM (SELECT 1) LEFT JOIN (\n${query}\n) AS wanted ON 0`;

type Reply =
  | { readonly kind: "rows"; readonly columns: readonly string[]; readonly rows: readonly SelectRow[] }
  | { readonly kind: "failed"; readonly message: string };

const inThread = (path: string, sql: string, timeMs: number): Promise<SelectResult> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./select-worker.mjs", import.meta.url), {
      workerData: { path, sql, columnsSql: columnsSql(sql) },
    });
    const end = (settle: () => void): void => {
      clearTimeout(limit);
      worker.terminate().then(settle, reject);
    };
    const limit = setTimeout(
      () =>
        end(() => reject(new UsageError(`the query took longer than ${timeMs} ms and was ended: narrow it`))),
      timeMs,
    );
    worker.once("message", (reply: Reply) =>
      end(() =>
        reply.kind === "rows"
          ? resolve({ columns: reply.columns, rows: reply.rows })
          : reject(new UsageError(`the query failed: ${reply.message}`)),
      ),
    );
    worker.once("error", (error) => end(() => reject(error)));
  });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
