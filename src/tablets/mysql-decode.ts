import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { MysqlStatus, SidecarRow } from "./access.js";
import type { RunQuery } from "./mysql.js";
import { reasonOfErrno } from "./mysql-errors.js";
import { type SidecarRead, sidecarQuery } from "./queries.js";

const SERVER =
  "select @@global.server_uuid as server_uuid, @@global.version as version, @@global.hostname as hostname, @@global.read_only as read_only, @@global.super_read_only as super_read_only, @@global.gtid_executed as gtid_executed";

/** The same words as FullStatus: see `full-status.ts`. Needs REPLICATION CLIENT. */
export async function readMysqlStatus(query: RunQuery): Promise<Outcome<MysqlStatus>> {
  const [server = {}] = await query(SERVER);
  const [replica = {}] = await replicaStatus(query);
  const replicaText = (newName: string, oldName: string) => replica[newName] ?? replica[oldName] ?? "";
  return answered({
    serverUuid: server.server_uuid ?? "",
    serverVersion: server.version ?? "",
    hostname: server.hostname ?? "",
    readOnly: server.read_only === "1",
    superReadOnly: server.super_read_only === "1",
    position: `MySQL56/${(server.gtid_executed ?? "").replace(/\s/g, "")}`,
    sourceHost: replicaText("Source_Host", "Master_Host"),
    sourcePort: Number(replicaText("Source_Port", "Master_Port")),
    ioState: threadState(replicaText("Replica_IO_Running", "Slave_IO_Running")),
    sqlState: threadState(replicaText("Replica_SQL_Running", "Slave_SQL_Running")),
    lastError: replica.Last_IO_Error || replica.Last_SQL_Error || "",
  });
}

/** MySQL 8.0.22 renamed the statement and its columns; 8.4 dropped the old one. */
async function replicaStatus(query: RunQuery): Promise<readonly SidecarRow[]> {
  try {
    return await query("show replica status");
  } catch (error) {
    const { errno } = error as { errno?: number };
    if (errno === undefined || reasonOfErrno(errno) !== "unsupported") throw error;
    return query("show slave status");
  }
}

/** Vitess's numbers (go/mysql/replication/replication_state.go): 0 unknown, 1 stopped, 2 connecting, 3 running. */
const threadState = (word: string): number => ({ No: 1, Connecting: 2, Yes: 3 })[word] ?? 0;

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
