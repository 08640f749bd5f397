import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../cluster/errors.js";
import { columnsOf, createDatabase, type Database, giveBack, openReadOnly, selectAll } from "./database.js";
import { FACT_TABLES, type Facts, type FactTable, factsOf } from "./facts.js";
import { isAlwaysAsked, withNotAsked } from "./not-asked.js";
import { SNAPSHOT_SCHEMA } from "./schema.js";
import { noScratch, scratchFolder } from "./scratch.js";

/**
 * The facts of a saved snapshot. The file is copied aside first: SQLite's locks would leave traces beside it, and a file in a
 * read-only folder could not be opened. Throws `UsageError` for whatever is no snapshot that this vtdoctor can read.
 */
export const readSnapshotFile = (path: string): Facts => {
  const folder = scratchFolder([dirname(path)]);
  try {
    const copy = join(folder, "snapshot.db");
    copyReadable(path, copy);
    return readCopy(path, copy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Writes the whole database to `path` in one step: a reader sees the old file or the new one. */
export const writeSnapshotFile = (db: Database, path: string): void => {
  const folder = scratchBeside(path);
  try {
    const fresh = join(folder, basename(path));
    db.run("VACUUM INTO ?", fresh);
    renameSync(fresh, path);
  } catch (error) {
    throw new UsageError(`cannot write the snapshot file ${path}: ${reasonOf(error)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const scratchBeside = (path: string): string => {
  try {
    return mkdtempSync(join(dirname(path), ".vtdoctor-"));
  } catch (error) {
    throw new UsageError(`cannot write the snapshot file ${path}: ${reasonOf(error)}`);
  }
};

const MAGIC = "SQLite format 3\0";

/** Where the header says whether changes go through a write-ahead log, which this build of SQLite cannot read (fileformat2.html 1.3.3). */
const JOURNAL_MODE = { from: 18, to: 20, rollback: 1 };

const copyReadable = (path: string, copy: string): void => {
  const bytes = readWhole(path);
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC) {
    throw new UsageError(
      `${path} is not a snapshot: it is no SQLite file; make one with vtdoctor scan --save-snapshot FILE`,
    );
  }
  if (existsSync(`${path}-wal`)) {
    throw new UsageError(
      `${path} has changes that are not in it yet (${path}-wal): close the program that has it open`,
    );
  }
  try {
    writeFileSync(copy, bytes.fill(JOURNAL_MODE.rollback, JOURNAL_MODE.from, JOURNAL_MODE.to));
  } catch (error) {
    throw noScratch(reasonOf(error));
  }
};

const readWhole = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read the snapshot file ${path}: ${reasonOf(error)}`);
  }
};

const readCopy = (path: string, copy: string): Facts => {
  const db = openReadOnly(copy);
  try {
    checkWhole(db, path);
    checkVersion(db, path);
    return readFacts(db, path);
  } finally {
    db.close();
  }
};

/** The header survives a truncated copy, so every page is looked at. */
const checkWhole = (db: Database, path: string): void => {
  const verdict = tryRead(() => selectAll<{ quick_check: string }>(db, "PRAGMA quick_check(1)"));
  const fault = verdict.kind === "read" ? verdict.value[0]?.quick_check : verdict.message;
  if (fault !== "ok") {
    throw new UsageError(
      `the snapshot file ${path} is damaged or cut short (${oneLine(fault)}): copy or save it again`,
    );
  }
};

const checkVersion = (db: Database, path: string): void => {
  const meta = tryRead(() =>
    selectAll<{ value: string }>(db, "SELECT value FROM meta WHERE name = 'schema'"),
  );
  const version = meta.kind === "read" ? Number(meta.value[0]?.value) : Number.NaN;
  if (!Number.isInteger(version)) {
    throw new UsageError(
      `${path} is a SQLite file but not a vtdoctor snapshot: it has no schema version in a table meta`,
    );
  }
  if (version > SNAPSHOT_SCHEMA) {
    throw new UsageError(
      `${path} was made by a newer vtdoctor (snapshot schema ${version}, this one reads up to ${SNAPSHOT_SCHEMA}): upgrade vtdoctor`,
    );
  }
};

/** An older vtdoctor did not ask for everything that this one does: what it lacks is not there, and said to be so (`not-asked.ts`). */
const readFacts = (db: Database, path: string): Facts => {
  const wanted = createDatabase();
  try {
    const parts = new Map(FACT_TABLES.map((table) => [table, readTable(db, path, table, wanted)]));
    const facts = factsOf((table) => parts.get(table)?.rows ?? []);
    return withNotAsked(
      facts,
      [...parts.values()].flatMap(({ lacks }) => lacks),
    );
  } finally {
    giveBack(wanted);
  }
};

interface TablePart {
  readonly rows: readonly object[];
  /** The table, or columns of it. */
  readonly lacks: readonly string[];
}

const readTable = (db: Database, path: string, table: FactTable, wanted: Database): TablePart => {
  const there = columnsOf(db, table).map(({ name }) => name);
  const missing = columnsOf(wanted, table).filter(({ name }) => !there.includes(name));
  // A row whose column may not be NULL can not stand without it.
  const whole = there.length > 0 && missing.every(({ notnull, pk }) => notnull === 0 && pk === 0);
  if (!whole && isAlwaysAsked(table)) {
    const what = there.length === 0 ? `table ${table}` : `${missing[0]?.name} in its table ${table}`;
    throw new UsageError(`the snapshot file ${path} has no ${what}: save it again`);
  }
  return whole
    ? {
        rows: selectAll<object>(db, `SELECT * FROM ${table}`),
        lacks: missing.map(({ name }) => `${table}.${name}`),
      }
    : { rows: [], lacks: [table] };
};

type Read<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "failed"; readonly message: string };

const tryRead = <T>(read: () => T): Read<T> => {
  try {
    return { kind: "read", value: read() };
  } catch (error) {
    return { kind: "failed", message: reasonOf(error) };
  }
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const oneLine = (text: string | undefined): string => (text ?? "no answer").replace(/\s+/g, " ").trim();
