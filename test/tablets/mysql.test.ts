import { createServer, type Server, type Socket } from "node:net";
import { type Connection, createConnection } from "mysql2";
import { afterEach, describe, expect, it } from "vitest";
import type { TabletAddress } from "../../src/tablets/access.js";
import type { MysqlLogin } from "../../src/tablets/options.js";
import { SIDECAR_READS } from "../../src/tablets/queries.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { NOWHERE } from "./fake-vttablet.js";
import { OPTIONS, realClock } from "./settings.js";

/** What the fake answers a statement with: rows, an error, or nothing at all. */
type Reply =
  | readonly Readonly<Record<string, string>>[]
  | { readonly code: number; readonly message: string }
  | "silence";

interface FakeMysql {
  readonly at: TabletAddress;
  readonly asked: string[];
  readonly open: () => number;
}

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

/** A server that speaks MySQL's protocol and knows only what a test says; what sets the session up is always accepted. */
async function fakeMysql(
  reply: (sql: string) => Reply,
  leavesAfter: (sql: string) => boolean = () => false,
): Promise<FakeMysql> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    const connection = createConnection({ stream: socket, isServer: true }) as ServerSide;
    connection.on("error", () => socket.destroy());
    connection.serverHandshake({
      ...HANDSHAKE,
      authCallback: (_user: unknown, accept: () => void) => {
        accept();
        connection.sequenceId = 0;
      },
    });
    // The library hands SET statements to this event.
    connection.on("stmt_prepare", (sql: string) => {
      asked.push(sql);
      connection.sequenceId = 1;
      connection.writeOk();
      connection.sequenceId = 0;
    });
    connection.on("query", (sql: string) => {
      asked.push(sql);
      connection.sequenceId = 1;
      send(connection, reply(sql));
      connection.sequenceId = 0;
      if (leavesAfter(sql)) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => server.close());
  return { at: { ...NOWHERE, mysqlPort: portOf(server) }, asked, open: () => sockets.size };
}

/** What mysql2 has for servers beyond its types; it does not start a new sequence for each command by itself. */
type ServerSide = Connection & {
  sequenceId: number;
  writeColumns(columns: readonly object[]): void;
  writeTextRow(cells: readonly (string | undefined)[]): void;
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

function send(connection: ServerSide, reply: Reply): void {
  if (reply === "silence") return;
  if ("code" in reply) {
    connection.writeError(reply);
    return;
  }
  const names = Object.keys(reply[0] ?? { none: "" });
  connection.writeColumns(names.map((name) => ({ ...COLUMN, name, orgName: name })));
  for (const row of reply) connection.writeTextRow(names.map((name) => row[name]));
  connection.writeEof();
}

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

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const LOGIN: MysqlLogin = { user: "doc", password: "doc", ssl: null };
const reader = (mysql: MysqlLogin | null = LOGIN, timeoutMs = 5000) =>
  createTabletReader({ ...OPTIONS, mysql, timeoutMs }, realClock);

describe("MySQL behind a tablet", () => {
  it("is asked in a session that can not write, under the sidecar database's own name", async () => {
    const mysql = await fakeMysql(() => [{ id: "7", val: "x" }]);
    expect(await reader().mysqlRows(mysql.at, "journals", "we`ird")).toEqual({
      kind: "answered",
      value: [{ id: "7", val: "x" }],
    });
    expect(mysql.asked[0]).toContain("transaction_read_only = on");
    expect(mysql.asked.slice(1)).toEqual([SIDECAR_READS.journals.replace("_vt.", "`we``ird`.")]);
  });

  it("is left at once, so that a scan holds no connection", async () => {
    const mysql = await fakeMysql(() => []);
    await reader().mysqlRows(mysql.at, "journals", "_vt");
    await expect.poll(mysql.open).toBe(0);
  });

  it.each([
    [1045, "Access denied for user 'doc'@'h' (using password: YES)", "denied"],
    [1142, "SELECT command denied to user 'doc'@'h' for table 'vreplication'", "denied"],
    [
      1227,
      "Access denied; you need (at least one of) the REPLICATION CLIENT privilege(s) for this operation",
      "denied",
    ],
    [1146, "Table '_vt.vdiff' doesn't exist", "unsupported"],
    [1049, "Unknown database '_vt'", "unsupported"],
    [3024, "Query execution was interrupted, maximum statement execution time exceeded", "timeout"],
    [1205, "Lock wait timeout exceeded", "timeout"],
    [1040, "Too many connections", "failed"],
  ])("answers with error %i: %s", async (code, message, reason) => {
    const mysql = await fakeMysql(() => ({ code, message }));
    expect(await reader().mysqlRows(mysql.at, "streams", "_vt")).toEqual({
      kind: "unanswered",
      reason,
      message: `${message} (errno ${code})`,
    });
  });

  it("can not be taken to hold nothing where the user may not see it", async () => {
    const blind = await fakeMysql((sql) =>
      sql.includes("user_privileges") ? [{ privilege: "PROCESS" }] : [],
    );
    expect(await reader().mysqlRows(blind.at, "holds", "_vt")).toMatchObject({
      reason: "denied",
      message: expect.stringContaining("REFERENCES"),
    });
    expect(await reader().mysqlRows(blind.at, "triggers", "_vt")).toMatchObject({
      reason: "denied",
      message: expect.stringContaining("TRIGGER"),
    });
    const seeing = await fakeMysql((sql) =>
      sql.includes("user_privileges") ? [{ privilege: "TRIGGER" }] : [],
    );
    expect(await reader().mysqlRows(seeing.at, "triggers", "_vt")).toEqual({ kind: "answered", value: [] });
    expect(await reader().mysqlRows(seeing.at, "holds", "_vt")).toEqual({ kind: "answered", value: [] });
  });

  const SERVER = {
    server_uuid: "u1",
    version: "8.0.20",
    hostname: "db1",
    read_only: "1",
    super_read_only: "0",
    gtid_executed: "a:1-5,\nb:1",
  };

  it.each([
    [
      "show replica status",
      { Source_Host: "p", Source_Port: "3306", Replica_IO_Running: "Connecting", Replica_SQL_Running: "Yes" },
    ],
    [
      "show slave status",
      { Master_Host: "p", Master_Port: "3306", Slave_IO_Running: "Connecting", Slave_SQL_Running: "Yes" },
    ],
  ])("tells from where it replicates: %s", async (statement, row) => {
    const mysql = await fakeMysql((sql) => {
      if (sql.startsWith("select")) return [SERVER];
      return sql === statement
        ? [{ ...row, Last_IO_Error: "gone" }]
        : { code: 1064, message: "You have an error in your SQL syntax" };
    });
    expect(await reader().mysqlStatus(mysql.at)).toEqual({
      kind: "answered",
      value: {
        serverUuid: "u1",
        serverVersion: "8.0.20",
        hostname: "db1",
        readOnly: true,
        superReadOnly: false,
        position: "MySQL56/a:1-5,b:1",
        sourceHost: "p",
        sourcePort: 3306,
        ioState: 2,
        sqlState: 3,
        lastError: "gone",
      },
    });
  });

  it("does not replicate where it says nothing of a source", async () => {
    const mysql = await fakeMysql((sql) => (sql.startsWith("select") ? [SERVER] : []));
    expect(await reader().mysqlStatus(mysql.at)).toMatchObject({
      value: { sourceHost: "", sourcePort: 0, ioState: 0, sqlState: 0, lastError: "" },
    });
  });

  it("is a timeout at the deadline, and loses the connection", async () => {
    const mysql = await fakeMysql(() => "silence");
    const begin = Date.now();
    expect(await reader(LOGIN, 300).mysqlRows(mysql.at, "streams", "_vt")).toMatchObject({
      reason: "timeout",
    });
    expect(Date.now() - begin).toBeLessThan(1500);
    await expect.poll(mysql.open).toBe(0);
  });

  it("is a timeout where the port accepts and says nothing", async () => {
    const mute = createServer((socket) => socket.on("error", () => socket.destroy()));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    toClose.push(() => mute.close());
    expect(await reader(LOGIN, 200).mysqlStatus({ ...NOWHERE, mysqlPort: portOf(mute) })).toMatchObject({
      reason: "timeout",
    });
  });

  it("is unreachable where it leaves between two questions", async () => {
    const mysql = await fakeMysql(
      () => [SERVER],
      (sql) => sql.startsWith("select"),
    );
    expect(await reader().mysqlStatus(mysql.at)).toMatchObject({ kind: "unanswered", reason: "unreachable" });
  });

  it("is not asked without a user, nor where no port is known or open", async () => {
    const mysql = await fakeMysql(() => []);
    expect(await reader(null).mysqlStatus(mysql.at)).toMatchObject({ reason: "unsupported" });
    expect(mysql.asked).toEqual([]);
    expect(await reader().mysqlStatus(NOWHERE)).toMatchObject({ reason: "unreachable" });
    for (const close of toClose.splice(0)) close();
    expect(await reader().mysqlStatus(mysql.at)).toMatchObject({ reason: "unreachable" });
  });
});
