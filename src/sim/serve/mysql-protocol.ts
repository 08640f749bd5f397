import type { Socket } from "node:net";
import { type Connection, createConnection } from "mysql2";
import type { Outcome } from "../../cluster/outcome.js";
import type { SidecarRow } from "../../tablets/access.js";
import type { Protocol, TabletAnswers } from "./answers.js";
import { answerStatement } from "./mysql-statements.js";

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
