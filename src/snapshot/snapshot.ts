import { UsageError } from "../cluster/errors.js";
import {
  createDatabase,
  type Database,
  discard,
  giveBack,
  insertRows,
  type SqlValue,
  selectAll,
  selectRows,
  type Where,
  withoutQuoted,
} from "./database.js";
import { derive } from "./derive/index.js";
import { FACT_TABLES, type Facts, factsOf } from "./facts.js";
import { readSnapshotFile, writeSnapshotFile } from "./file.js";
import type { Rows } from "./gen/tables.js";
import { inKeyOrder } from "./key-order.js";
import { SNAPSHOT_SCHEMA } from "./schema.js";
import { sharedViews } from "./shared-view.js";

/** `PRAGMA query_only` would do, but setting it has all statements prepared anew (`database.ts`). */
const READS = /^\s*(?:--[^\n]*\n\s*)*(?:EXPLAIN|SELECT|VALUES|WITH)\b/i;
const WRITES = /\b(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO\b|\bDELETE\s+FROM\b|\bUPDATE\s+\S+\s+SET\b/i;

/**
 * What was seen of one cluster, and what follows from it, as a SQLite database in memory (`schema.sql`, docs/decisions.md#d1). The same
 * facts in any order give the same rows and the same bytes. `close` frees its memory, which no garbage collector does.
 */
export class Snapshot {
  #open: Database | null;
  readonly #sharing: ReturnType<typeof sharedViews>;

  private constructor(db: Database, sharing: ReturnType<typeof sharedViews>) {
    this.#open = db;
    this.#sharing = sharing;
  }

  /** Facts as `collect` gives them; a duplicate or a value of a wrong type is a bug there and throws. */
  static of(facts: Facts): Snapshot {
    const db = filledDatabase(facts);
    return new Snapshot(db, sharedViews(db, facts));
  }

  /**
   * A saved snapshot; the file is not touched. What was derived is derived again, so that an older or an edited file is judged by
   * this vtdoctor. Throws `UsageError` for a file that is unreadable, damaged, no snapshot, or of a newer schema.
   */
  static open(path: string): Snapshot {
    const facts = readSnapshotFile(path);
    try {
      return Snapshot.of(facts);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "SQLite3Error") throw error;
      throw new UsageError(
        `the snapshot file ${path} does not fit this vtdoctor (${error.message}): save it again`,
      );
    }
  }

  /** A plain SQLite file, facts and derived tables, that any tool opens. Throws `UsageError` where it cannot be written. */
  save(path: string): void {
    writeSnapshotFile(this.#db, path);
  }

  /**
   * Every row of a query of ours that joins or counts; one table is read by `rows`. For SQL that somebody else wrote there is `select.ts`;
   * that of a rule was proven to be a SELECT when the rule was read. Throws for a statement that changes something.
   */
  all<T>(sql: string, ...values: readonly SqlValue[]): readonly T[] {
    if (!READS.test(sql) || WRITES.test(withoutQuoted(sql)))
      throw new Error(`a snapshot is readonly, and this is no SELECT: ${sql}`);
    this.#sharing?.(sql);
    return selectAll<T>(this.#db, sql, values);
  }

  /** The rows of one table that have these values, in the order of its key: `rows("shard", { keyspace })`. */
  rows<T extends keyof Rows>(table: T, where: Where<T> = {}): readonly Rows[T][] {
    return selectRows(this.#db, table, where);
  }

  facts(): Facts {
    return factsOf((table) => this.rows(table));
  }

  close(): void {
    if (this.#open === null) return;
    // Temporary tables would stand before the views of whoever gets it next.
    if (this.#sharing === null) giveBack(this.#open);
    else discard(this.#open);
    this.#open = null;
  }

  get #db(): Database {
    if (this.#open === null) throw new Error("the snapshot is closed");
    return this.#open;
  }
}

/** A snapshot's rows in a database of the caller's own, who may write to it and closes it. */
export const filledDatabase = (facts: Facts): Database => {
  const db = createDatabase();
  try {
    const schema = { name: "schema", value: String(SNAPSHOT_SCHEMA) };
    const stated: Facts = { ...facts, meta: [...facts.meta.filter(({ name }) => name !== "schema"), schema] };
    const ordered = factsOf((table) => inKeyOrder(table, stated[table]));
    // Derived before SQLite's memory grows, and each table let go of once it is in there.
    const derived = new Map<string, readonly object[]>(Object.entries(derive(ordered)));
    for (const [table, rows] of derived) {
      insertRows(db, table, rows);
      derived.delete(table);
    }
    for (const table of FACT_TABLES) insertRows(db, table, ordered[table]);
    return db;
  } catch (error) {
    discard(db);
    throw error;
  }
};
