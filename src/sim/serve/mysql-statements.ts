import { answered, mapOutcome, type Outcome, unanswered } from "../../cluster/outcome.js";
import type { MysqlStatus, SidecarRow, TabletAddress, TabletReader } from "../../tablets/access.js";
import { SIDECAR_READS, type SidecarRead, sidecarQuery } from "../../tablets/queries.js";

type Rows = Outcome<readonly SidecarRow[]>;

/** What a MySQL answers to a statement of `tablets/mysql-rows.ts` or `tablets/mysql-status.ts`. */
export async function answerStatement(reader: TabletReader, at: TabletAddress, sql: string): Promise<Rows> {
  const [, sidecar] = / from (?:`((?:[^`]|``)+)`)\./.exec(sql) ?? [];
  const name = sidecar?.replaceAll("``", "`") ?? "_vt";
  const read = READS.find((each) => sidecarQuery(each, name) === sql);
  if (read !== undefined) return reader.mysqlRows(at, read, name);
  if (sql === "show replica status") return mapOutcome(await reader.mysqlStatus(at), replicaStatus);
  if (sql.includes("information_schema.user_privileges")) return answered(EVERY_SIGHT);
  const variables = variablesOf(sql);
  if (variables === null)
    return unanswered("unsupported", `You have an error in your SQL syntax near '${sql.slice(0, 40)}'`);
  return mapOutcome(await reader.mysqlStatus(at), (status) => [valuesOf(variables, status)]);
}

const READS = Object.keys(SIDECAR_READS) as SidecarRead[];

/** Global privileges with which a user sees every table and trigger. */
const EVERY_SIGHT: readonly SidecarRow[] = [{ privilege: "REFERENCES" }, { privilege: "TRIGGER" }];

/** None where it does not replicate. */
const replicaStatus = (status: MysqlStatus): readonly SidecarRow[] =>
  status.sourceHost === ""
    ? []
    : [
        {
          Source_Host: status.sourceHost,
          Source_Port: String(status.sourcePort),
          Replica_IO_Running: THREAD_STATES[status.ioState] ?? "No",
          Replica_SQL_Running: THREAD_STATES[status.sqlState] ?? "No",
          Last_IO_Error: status.lastError,
          Last_SQL_Error: "",
        },
      ];

/** By Vitess's number (go/mysql/replication/replication_state.go). */
const THREAD_STATES = ["No", "No", "Connecting", "Yes"];

/** The names of `select @@global.a as a, @@global.b as b`; null for any other statement. */
function variablesOf(sql: string): readonly string[] | null {
  const list = /^select ((?:@@global\.\w+ as \w+(?:, )?)+)$/.exec(sql)?.[1];
  return list === undefined ? null : list.split(", ").map((item) => item.replace(/^.* as /, ""));
}

function valuesOf(names: readonly string[], status: MysqlStatus): SidecarRow {
  const values: SidecarRow = {
    server_uuid: status.serverUuid,
    version: status.serverVersion,
    hostname: status.hostname,
    read_only: status.readOnly ? "1" : "0",
    super_read_only: status.superReadOnly ? "1" : "0",
    gtid_executed: status.position.replace(/^MySQL56\//, ""),
  };
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}
