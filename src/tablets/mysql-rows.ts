import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { SidecarRow } from "./access.js";
import type { RunQuery } from "./mysql.js";
import { type SidecarRead, sidecarQuery } from "./queries.js";

/**
 * The rows of a read, from MySQL itself. information_schema leaves out what a user has no privilege on and says nothing, which would
 * turn a missing privilege into an absence (docs/decisions.md#d10): there a global privilege is asked for first.
 */
export async function readMysqlRows(
  query: RunQuery,
  read: SidecarRead,
  sidecar: string,
): Promise<Outcome<readonly SidecarRow[]>> {
  const wanted = SIGHT[read];
  if (wanted !== undefined) {
    const held = await query(GLOBAL_PRIVILEGES);
    if (!held.some(({ privilege }) => privilege != null && wanted.includes(privilege))) {
      return unanswered(
        "denied",
        `${read}: the user needs the global privilege ${wanted[0]} to see all of them`,
      );
    }
  }
  return answered(await query(sidecarQuery(read, sidecar)));
}

/** Any one of these shows every table, or every trigger. */
const SIGHT: Partial<Record<SidecarRead, readonly string[]>> = {
  holds: [
    "REFERENCES",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "INDEX",
    "ALTER",
    "TRIGGER",
  ],
  triggers: ["TRIGGER"],
};

/** Granted to the user itself; what only a role gives is not counted. */
const GLOBAL_PRIVILEGES =
  "select privilege_type as privilege from information_schema.user_privileges where grantee = concat('''', substring_index(current_user(), '@', 1), '''@''', substring_index(current_user(), '@', -1), '''')";
