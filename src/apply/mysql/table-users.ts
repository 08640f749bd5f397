import type { TabletRef } from "../../plan/fields.js";
import type { SidecarRow } from "../../tablets/access.js";
import { type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { nameOf } from "../tablet/identity.js";

/** A statement, and the tables whose metadata locks it needs for itself. */
export interface TableUse {
  readonly tablet: TabletRef;
  readonly statement: string;
  readonly tables: readonly { readonly database: string; readonly table: string }[];
}

/** Longer than an ordinary query uses a table; a lock that is there in both looks is one that a DDL would wait for. */
const PAUSE_MS = 2000;

/**
 * Null: nobody uses the tables, or it can not be read (performance_schema is off, the instrument is disabled, a fork does not have it);
 * then `lock_wait_timeout` alone ends the wait. A statement that waits for a table itself counts too.
 */
export async function heldTables(use: TableUse, context: RunContext): Promise<Refused | Silent | null> {
  const first = await look(use, context);
  if (first.kind === "unanswered") return first;
  if (first.rows.length === 0) return null;
  await context.ports.clock.sleep(PAUSE_MS);
  const second = await look(use, context);
  if (second.kind === "unanswered") return second;
  const stayed = second.rows.filter((row) => first.rows.some((one) => nameOfLock(one) === nameOfLock(row)));
  if (stayed.length === 0) return null;
  return refused(
    `${nameOf(use.tablet)}: ${words(stayed)}. "${use.statement}" would wait for it, and every new query on the table behind that; let it end, or end it there with KILL, then go on with the run`,
  );
}

/** Who uses the tables now, in words; empty where nobody does or nobody can tell. */
export async function usersOf(use: TableUse, context: RunContext): Promise<string> {
  const seen = await look(use, context);
  return seen.kind === "unanswered" || seen.rows.length === 0 ? "" : words(seen.rows);
}

async function look(
  { tablet, tables }: TableUse,
  { ports }: RunContext,
): Promise<Silent | { readonly kind: "seen"; readonly rows: readonly SidecarRow[] }> {
  if (tables.length === 0) return { kind: "seen", rows: [] };
  const locks = await ports.reader.rows(tablet.address, "tableLocks");
  if (locks.kind === "unanswered")
    return locks.reason === "timeout" || locks.reason === "unreachable"
      ? silent(nameOf(tablet), locks)
      : { kind: "seen", rows: [] };
  const rows = locks.value.filter((row) =>
    tables.some(({ database, table }) => row.table_schema === database && row.table_name === table),
  );
  return { kind: "seen", rows };
}

const nameOfLock = (row: SidecarRow): string => `${row.conn_id} ${row.lock_id}`;

const words = (rows: readonly SidecarRow[]): string => {
  const connections = new Map(rows.map((row) => [row.conn_id, row]));
  return [...connections.values()]
    .map((row) => {
      const tables = rows
        .filter(({ conn_id }) => conn_id === row.conn_id)
        .map(({ table_schema, table_name }) => `${table_schema}.${table_name}`);
      const verb = row.lock_status === "PENDING" ? "waits for" : "uses";
      return `${connectionWords(row)} ${verb} ${[...new Set(tables)].join(", ")}`;
    })
    .join("; ");
};

/** `connection 42 (analyst@10.0.0.7:5312, "select ..." for 300 s, executing)`. */
export const connectionWords = (row: SidecarRow): string =>
  `connection ${row.conn_id} (${row.conn_user}@${row.conn_host}, ${row.conn_info == null ? "no statement" : `"${row.conn_info.slice(0, 200)}"`} for ${row.conn_seconds} s, ${row.conn_state})`;
