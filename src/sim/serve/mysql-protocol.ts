import type { Socket } from "node:net";
import { type Connection, createConnection } from "mysql2";
import { answered, mapOutcome, type Outcome, unanswered } from "../../cluster/outcome.js";
import type { MysqlStatus, SidecarRow, TabletAddress, TabletReader } from "../../tablets/access.js";
import { SIDECAR_READS, type SidecarRead, sidecarQuery } from "../../tablets/queries.js";
import type { Protocol, TabletAnswers } from "./answers.js";

/** The MySQL behind a served tablet: it lets every user in, without TLS, and knows the statements that vtdoctor sends. */
export const mysqlProtocol = ({ reader }: TabletAnswers): Protocol => ({
  welcome: (socket, at) => {
    // `createServer` of the library does just this with its own listener.
    const connection = createConnection({ stream: socket, isServer: true }) as ServerSide;
    connection.on("error", () => socket.destroy());
    connection.serverHandshake({
      ...HANDSHAKE,
      authCallback: (_login: unknown, accept: () => void) => {
        accept();
        connection.sequenceId = 0;
      },
    });
    // The library hands SET statements to this event.
    connection.on("stmt_prepare", () => {
      connection.sequenceId = 1;
      connection.writeOk();
      connection.sequenceId = 0;
    });
    connection.on("query", async (sql: string) => {
      const rows = await answerStatement(reader, at, sql);
      connection.sequenceId = 1;
      send(connection, socket, rows);
      connection.sequenceId = 0;
    });
  },
  close: () => {},
});

/** What mysql2 has for servers beyond its types; it does not start a new sequence for each command by itself. */
type ServerSide = Connection & {
  sequenceId: number;
  writeColumns(columns: readonly object[]): void;
  writeTextRow(cells: readonly (string | null | undefined)[]): void;
};

const HANDSHAKE = {
  protocolVersion: 10,
  serverVersion: "8.0.36",
  connectionId: 1,
  statusFlags: 2,
  characterSet: 45,
  // All but TLS.
  capabilityFlags: 0xffffff ^ 0x800,
};

function send(connection: ServerSide, socket: Socket, rows: Outcome<readonly SidecarRow[]>): void {
  if (rows.kind === "answered") {
    const names = Object.keys(rows.value[0] ?? { none: "" });
    connection.writeColumns(names.map((name) => ({ ...COLUMN, name, orgName: name })));
    for (const row of rows.value) connection.writeTextRow(names.map((name) => row[name]));
    connection.writeEof();
  } else if (rows.reason === "unreachable") socket.destroy();
  else if (rows.reason !== "timeout")
    connection.writeError({ code: ERRNO[rows.reason] ?? 1105, message: rows.message });
}

/** ER_ACCESS_DENIED_ERROR, ER_PARSE_ERROR; else ER_UNKNOWN_ERROR. */
const ERRNO: Partial<Record<string, number>> = { denied: 1045, unsupported: 1064 };

const COLUMN = {
  catalog: "def",
  schema: "",
  table: "",
  orgTable: "",
  characterSet: 45,
  columnLength: 1000,
  columnType: 253,
  flags: 0,
  decimals: 0,
};

type Rows = Outcome<readonly SidecarRow[]>;

/** What a MySQL answers to a statement of `tablets/mysql-rows.ts` or `tablets/mysql-status.ts`. */
async function answerStatement(reader: TabletReader, at: TabletAddress, sql: string): Promise<Rows> {
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
