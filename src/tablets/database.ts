import type { SidecarRow } from "./access.js";

/**
 * Which databases of the server hold exactly these tables. GetSchema answers for the tablet's own database without naming it, and
 * the usual name (`vt_` and the keyspace) can be overridden in the process's configuration, so it is found by its content.
 * `rows`: `table_schema` and `table_name` of every table there.
 */
export function databasesWith(tables: readonly string[], rows: readonly SidecarRow[]): readonly string[] {
  const wanted = new Set(tables);
  const found = new Map<string, { known: number; others: number }>();
  for (const { table_schema: database, table_name: table } of rows) {
    if (database == null || table == null) continue;
    const count = found.get(database) ?? { known: 0, others: 0 };
    found.set(database, count);
    if (wanted.has(table)) count.known += 1;
    else count.others += 1;
  }
  return [...found]
    .filter(([, { known, others }]) => known === wanted.size && others === 0)
    .map(([name]) => name);
}
