import type { StreamSource } from "../cluster/stream-source.js";
import type { SidecarRow } from "../tablets/access.js";
import type { SimMysql } from "./mysql.js";
import { type MysqlData, mysqlJson, type SimTable } from "./mysql-data.js";
import { carries, carriesRow } from "./stream-filter.js";

interface Copier {
  readonly id: number;
  readonly source: StreamSource;
  readonly copied: Map<string, number>;
}

interface Target {
  readonly mysql: SimMysql;
  readonly dbName: string;
  readonly copyRowsPerSecond: number;
}

/**
 * One turn of the copy phase (`vcopier.go`): `_vt.copy_state` holds a row for every table that is not finished, and deferred secondary
 * keys wait in `_vt.post_copy_action` meanwhile.
 */
export const copyTables = (
  target: Target,
  copier: Copier,
  source: SimMysql,
  row: SidecarRow,
  seconds: number,
): "copying" | "copied" => {
  if ((row.pos ?? "") === "") begin(target, copier, source, row);
  else if (pending(target.mysql, copier.id).length === 0) return "copied";
  let budget = target.copyRowsPerSecond * seconds;
  for (const table of pending(target.mysql, copier.id)) {
    budget = copyTable(target, copier, source.table(sourceDatabase(copier, source), table), budget);
    if (budget <= 0) break;
    finish(target, copier, table);
  }
  return pending(target.mysql, copier.id).length === 0 ? "copied" : "copying";
};

const pending = (mysql: SimMysql, id: number): readonly string[] => [
  ...new Set(
    mysql.data.sidecar.copyState.filter(({ vreplId }) => vreplId === id).map((row) => row.tableName),
  ),
];

/** A stream names a keyspace; the database is the one that its source has for it. */
const sourceDatabase = (copier: Copier, source: SimMysql): string => {
  const [only] = source.data.databases.keys();
  const usual = `vt_${copier.source.keyspace}`;
  return source.data.databases.has(usual) ? usual : (only ?? usual);
};

const begin = (target: Target, copier: Copier, source: SimMysql, row: SidecarRow): void => {
  const tables = [...(source.data.databases.get(sourceDatabase(copier, source))?.values() ?? [])]
    .filter((table) => table.type === "BASE TABLE" && carries(copier.source, table.name) !== null)
    .map((table) => table.name)
    .sort();
  target.mysql.write((data) => {
    const { sidecar } = data;
    for (const tableName of tables) {
      const id = sidecar.next.copyState++;
      sidecar.copyState = [...sidecar.copyState, { id, vreplId: copier.id, tableName }];
      if (row.defer_secondary_keys === "1") deferKeys(data, target.dbName, copier.id, tableName);
    }
    sidecar.vreplication = sidecar.vreplication.map((one) =>
      one.id === String(copier.id) ? { ...one, pos: source.position } : one,
    );
  });
};

const copyTable = (target: Target, copier: Copier, table: SimTable | undefined, budget: number): number => {
  if (table === undefined) return budget;
  if (table.uncounted > 0) return 0;
  const done = copier.copied.get(table.name) ?? 0;
  const rows = [...table.rows].slice(done, done + budget);
  copier.copied.set(table.name, done + rows.length);
  target.mysql.insert(
    target.dbName,
    table.name,
    rows
      .filter(([key]) => carriesRow(copier.source, table.name, key))
      .map(([key, content]) => ({ key, content })),
  );
  return done + rows.length < table.rows.size ? 0 : budget - rows.length;
};

const finish = (target: Target, copier: Copier, tableName: string): void =>
  target.mysql.write((data) => {
    const { sidecar } = data;
    sidecar.copyState = sidecar.copyState.filter(
      (row) => row.vreplId !== copier.id || row.tableName !== tableName,
    );
    const [due, rest] = [true, false].map((wanted) =>
      sidecar.postCopyActions.filter(
        (row) => (row.vreplId === copier.id && row.tableName === tableName) === wanted,
      ),
    );
    sidecar.postCopyActions = rest ?? [];
    const table = data.databases.get(target.dbName)?.get(tableName);
    for (const { action } of due ?? []) if (table !== undefined) restoreKeys(table, action);
  });

const KEY_LINE = /,\n {2}((?:UNIQUE )?KEY `[^`]+` \([^\n]*\))(?=,?\n)/g;

const deferKeys = (data: MysqlData, database: string, vreplId: number, tableName: string): void => {
  const table = data.databases.get(database)?.get(tableName);
  const keys = [...(table?.definition ?? "").matchAll(KEY_LINE)].map(([, key]) => key ?? "");
  if (table === undefined || keys.length === 0) return;
  table.definition = table.definition.replaceAll(KEY_LINE, "");
  const adds = keys.map((key) => `add ${key.replaceAll("`", "").replace(/^(UNIQUE )?KEY/, lower)}`);
  const task = `alter table ${database}.${tableName} ${adds.join(", ")}`;
  const { sidecar } = data;
  const id = sidecar.next.postCopyAction++;
  sidecar.postCopyActions = [
    ...sidecar.postCopyActions,
    { id, vreplId, tableName, action: mysqlJson({ task, type: 1 }) },
  ];
};

const restoreKeys = (table: SimTable, action: string): void => {
  const { task } = JSON.parse(action) as { readonly task: string };
  table.definition = addKeys(table.definition, task.replace(/^alter table \S+ /, ""));
};

const lower = (text: string): string => text.toLowerCase();

/** `add key name (columns)[, add ...]`, applied to a CREATE TABLE. */
export const addKeys = (definition: string, clauses: string): string => {
  const lines = [...clauses.matchAll(/add (unique )?key `?(\w+)`? ?\(([^)]*)\)/gi)].map(
    ([, unique, name, columns]) => {
      const quoted = (columns ?? "").split(",").map((column) => `\`${column.trim().replaceAll("`", "")}\``);
      return `,\n  ${unique === undefined ? "" : "UNIQUE "}KEY \`${name}\` (${quoted.join(",")})`;
    },
  );
  return definition.replace(/\n\)/, `${lines.join("")}\n)`);
};
