import type { UnansweredReason } from "../cluster/outcome.js";

/**
 * What a MySQL error number means for the one who asked; the same numbers come from MySQL itself and, as `(errno 1054)`, in
 * vttablet's errors (Vitess go/mysql/sqlerror/sql_error.go). Null: an error of its own.
 */
export function reasonOfErrno(errno: number): UnansweredReason | null {
  if (DENIED.has(errno)) return "denied";
  if (UNKNOWN_THERE.has(errno)) return "unsupported";
  if (TOO_LATE.has(errno)) return "timeout";
  return null;
}

/** Access denied: to a database, at login, to a table, a column, a missing global privilege, no password, TLS required, locked account. */
const DENIED = new Set([1044, 1045, 1142, 1143, 1227, 1698, 3118, 3159]);

/** Unknown database, column, table, system variable; a statement that this server's grammar does not have. */
const UNKNOWN_THERE = new Set([1049, 1054, 1064, 1146, 1193]);

/** Lock wait timeout; MAX_EXECUTION_TIME exceeded. */
const TOO_LATE = new Set([1205, 3024]);
