import type { Snapshot } from "../../snapshot/snapshot.js";

/**
 * Tables of Vitess's own: table GC of v20+ and before it, shadow tables of Online DDL, the old tables of pt-osc and of
 * `MoveTables complete --rename-tables` (go/vt/schema IsInternalOperationTableName).
 */
const INTERNAL = [
  /^_vt_[a-z0-9]{3}_[0-9a-f]{32}_[0-9]{14}_$/,
  /^_vt_(HOLD|PURGE|EVAC|DROP)_[0-9a-f]{32}_[0-9]{14}$/,
  /^_[0-9a-f_]{36}_[0-9]{14}_(gho|ghc|del|new|vrepl)$/,
  /^_.*_old$/,
];

const isInternal = (table: string): boolean => INTERNAL.some((pattern) => pattern.test(table));

/** Of one database on a tablet, ascending, without Vitess's own. */
export const baseTables = (snapshot: Snapshot, address: string, dbName: string): readonly string[] =>
  snapshot
    .rows("live_table", { address, db_name: dbName, table_type: "BASE TABLE" })
    .map(({ table_name }) => table_name)
    .filter((name) => !isInternal(name));
