import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { ExecResult } from "../tablets/access.js";
import { readMark } from "../tablets/run-mark.js";
import type { EngineHost } from "./controller.js";
import { addKeys } from "./copy-phase.js";
import type { MysqlData, SimTable } from "./mysql-data.js";
import { runSidecarStatement } from "./sidecar-writes.js";
import { SqlError } from "./sql.js";

interface TableName {
  readonly database: string;
  readonly table: string;
}

type Change = (data: MysqlData) => void;

/**
 * TabletManager.ExecuteFetchAsDba, as far as vtdoctor and the simulated Vitess write: one statement, all or nothing, in MySQL's words
 * when it does not work. Statements on `_vt` change rows behind the engine's back.
 */
export const executeAsDba = (
  host: Pick<EngineHost, "mysql" | "version" | "nowSeconds" | "dbName">,
  sql: string,
): Outcome<ExecResult> => {
  const statement = bare(sql);
  if (host.mysql.superReadOnly) {
    const option = "The MySQL server is running with the --super-read-only option";
    return unanswered(
      "failed",
      `${option} so it cannot execute this statement (errno 1290) (sqlstate HY000)`,
    );
  }
  try {
    const leftovers = clearLeftovers(statement);
    if (leftovers !== null) {
      host.mysql.write(leftovers);
      return answered({ rowsAffected: 0 });
    }
    if (/^\s*(insert|update|delete)\s/i.test(statement))
      return answered(runSidecarStatement(host, statement));
    const change = plan(host.mysql.data, statement, host.dbName);
    host.mysql.write(change);
    return answered({ rowsAffected: 0 });
  } catch (error) {
    if (error instanceof SqlError) return unanswered("failed", error.message);
    throw error;
  }
};

/** The rows beside a stream's own. */
const clearLeftovers = (statement: string): Change | null => {
  const [, table, ids = ""] =
    /^delete from _vt\.(copy_state|post_copy_action) where vrepl_id in \(([\d, ]+)\)$/.exec(statement) ?? [];
  if (table === undefined) return null;
  const gone = ids.split(",").map(Number);
  return ({ sidecar }) => {
    if (table === "copy_state")
      sidecar.copyState = sidecar.copyState.filter(({ vreplId }) => !gone.includes(vreplId));
    else sidecar.postCopyActions = sidecar.postCopyActions.filter(({ vreplId }) => !gone.includes(vreplId));
  };
};

const bare = (sql: string): string => (readMark(sql)?.statement ?? sql).trim().replace(/;$/, "");

/** The tables whose metadata locks a statement needs for itself, `database.table`: those of a DDL. */
export const exclusiveTables = (sql: string, dbName: string): readonly string[] => {
  const [, verb, rest = ""] =
    /^(rename table|drop table|alter table)\s+(?:if exists\s+)?(.*)$/is.exec(bare(sql)) ?? [];
  if (verb === undefined) return [];
  const names = /^alter/i.test(verb) ? [rest.split(/\s+/)[0] ?? ""] : rest.split(/,|\s+to\s+/i);
  return names.map((name) => label(tableName(name.trim(), dbName)));
};

const plan = (data: MysqlData, statement: string, dbName: string): Change => {
  const [, verb, rest] =
    /^(create database|drop database|rename table|drop table|alter table)\s+(.*)$/is.exec(statement) ?? [];
  switch (verb?.toLowerCase()) {
    case "create database":
      return createDatabase(data, rest ?? "");
    case "drop database":
      return dropDatabase(data, rest ?? "");
    case "rename table":
      return renameTables(data, rest ?? "", dbName);
    case "drop table":
      return dropTables(data, rest ?? "", dbName);
    case "alter table":
      return alterTable(data, rest ?? "", dbName);
    default:
      throw new SqlError(
        `You have an error in your SQL syntax near '${statement.slice(0, 40)}' (errno 1064) (sqlstate 42000)`,
      );
  }
};

const createDatabase = (data: MysqlData, rest: string): Change => {
  const { name, tolerated } = optional(rest, /^if not exists\s+/i);
  const database = unquoted(name);
  if (data.databases.has(database)) {
    if (tolerated) return () => {};
    throw new SqlError(`Can't create database '${database}'; database exists (errno 1007) (sqlstate HY000)`);
  }
  return ({ databases }) => databases.set(database, new Map());
};

const dropDatabase = (data: MysqlData, rest: string): Change => {
  const { name, tolerated } = optional(rest, /^if exists\s+/i);
  const database = unquoted(name);
  if (!data.databases.has(database) && !tolerated)
    throw new SqlError(
      `Can't drop database '${database}'; database doesn't exist (errno 1008) (sqlstate HY000)`,
    );
  return ({ databases }) => databases.delete(database);
};

const renameTables = (data: MysqlData, rest: string, dbName: string): Change => {
  const moves = rest.split(",").map((move) => {
    const [from, to] = move.trim().split(/\s+to\s+/i);
    return { from: tableName(from ?? "", dbName), to: tableName(to ?? "", dbName) };
  });
  const gone = new Set<string>();
  const come = new Set<string>();
  for (const { from, to } of moves) {
    if (gone.has(label(from)) || (!come.has(label(from)) && find(data, from) === undefined))
      throw missing(from);
    if (!data.databases.has(to.database))
      throw new SqlError(`Unknown database '${to.database}' (errno 1049) (sqlstate 42000)`);
    if (come.has(label(to)) || (!gone.has(label(to)) && find(data, to) !== undefined))
      throw new SqlError(`Table '${to.table}' already exists (errno 1050) (sqlstate 42S01)`);
    gone.add(label(from));
    come.delete(label(from));
    come.add(label(to));
  }
  if (
    data.triggers.some(({ database, table }) =>
      moves.some(
        ({ from, to }) => from.database !== to.database && label(from) === label({ database, table }),
      ),
    )
  )
    throw new SqlError("Trigger in wrong schema (errno 1435) (sqlstate HY000)");
  return ({ databases }) => {
    for (const { from, to } of moves) {
      const table = databases.get(from.database)?.get(from.table);
      if (table === undefined) continue;
      databases.get(from.database)?.delete(from.table);
      databases.get(to.database)?.set(to.table, { ...table, name: to.table });
    }
  };
};

const dropTables = (data: MysqlData, rest: string, dbName: string): Change => {
  const { name, tolerated } = optional(rest, /^if exists\s+/i);
  const tables = name.split(",").map((table) => tableName(table, dbName));
  const unknown = tables.filter((table) => find(data, table) === undefined);
  if (unknown.length > 0 && !tolerated)
    throw new SqlError(`Unknown table '${unknown.map(label).join(",")}' (errno 1051) (sqlstate 42S02)`);
  return ({ databases }) => {
    for (const { database, table } of tables) databases.get(database)?.delete(table);
  };
};

const alterTable = (data: MysqlData, rest: string, dbName: string): Change => {
  const [, name, clauses] = /^(\S+)\s+(add\s.*)$/is.exec(rest) ?? [];
  if (name === undefined || clauses === undefined)
    throw new SqlError(`unsupported construct: alter table ${rest}`);
  const at = tableName(name, dbName);
  const table = find(data, at);
  if (table === undefined) throw missing(at);
  const altered = addKeys(table.definition, clauses);
  if (altered === table.definition) throw new SqlError(`unsupported construct: alter table ${rest}`);
  const twice = [...clauses.matchAll(/key `?(\w+)`?/gi)].find(([, key]) =>
    table.definition.includes(`KEY \`${key}\``),
  );
  if (twice !== undefined)
    throw new SqlError(`Duplicate key name '${twice[1]}' (errno 1061) (sqlstate 42000)`);
  return ({ databases }) => {
    const target = databases.get(at.database)?.get(at.table);
    if (target !== undefined) target.definition = altered;
  };
};

const optional = (rest: string, words: RegExp): { readonly name: string; readonly tolerated: boolean } => ({
  name: rest.replace(words, ""),
  tolerated: words.test(rest),
});

const unquoted = (name: string): string => name.trim().replaceAll("`", "");

const tableName = (text: string, dbName: string): TableName => {
  const [first, second] = text.trim().split(".").map(unquoted);
  return second === undefined
    ? { database: dbName, table: first ?? "" }
    : { database: first ?? "", table: second };
};

const label = ({ database, table }: TableName): string => `${database}.${table}`;

const find = (data: MysqlData, { database, table }: TableName): SimTable | undefined =>
  data.databases.get(database)?.get(table);

const missing = (name: TableName): SqlError =>
  new SqlError(`Table '${label(name)}' doesn't exist (errno 1146) (sqlstate 42S02)`);
