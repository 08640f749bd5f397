import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Clock } from "../../src/cluster/clock.js";
import type { Outcome } from "../../src/cluster/outcome.js";
import type { SidecarRow, TabletAddress, TabletReader, TabletWriter } from "../../src/tablets/access.js";
import { RARELY_FILLED, type SidecarRead } from "../../src/tablets/queries.js";
import { marked } from "../../src/tablets/run-mark.js";

/**
 * Two tablets of a cluster that a run of the suite has for itself: keyspace `customer`, database `vt_customer`, shard `-80` with the
 * PRIMARY zone1-200 and the REPLICA zone1-201, and the Reshard `c2` from shard `0` (PRIMARY zone1-100), running since a moment ago.
 * There is a table `customer`, no view, no journal, no VDiff and nothing held.
 */
export interface TabletsUnderTest {
  /** With a MySQL user that may read the sidecar database and has PROCESS, REPLICATION CLIENT, REFERENCES and TRIGGER. */
  readonly reader: TabletReader;
  readonly writer: TabletWriter;
  /** What measures `timeoutMs`. */
  readonly clock: Clock;
  /** The deadline that the reader was made with. */
  readonly timeoutMs: number;
  readonly version: "19" | "24";
  /** What the processes were started with. */
  readonly topoServer: string;
  readonly topoRoot: string;
  readonly primary: TabletAddress;
  readonly replica: TabletAddress;
  /** Nobody listens there, on any port. */
  readonly nobody: TabletAddress;
  /** From now on that process (not its MySQL) answers nothing, like a stopped one. */
  hang(at: TabletAddress): Promise<void>;
  /** A transaction reads `vt_customer.customer` there until the answered function is called (once or more). */
  useTable(at: TabletAddress): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** What every pair of `TabletReader` and `TabletWriter` does: real vttablets are the judge, the simulated ones pass the same. */
export function tabletAccessContract(name: string, start: () => Promise<TabletsUnderTest>): void {
  describe(name, () => {
    let world: TabletsUnderTest;

    beforeAll(async () => {
      world = await start();
    });
    afterAll(async () => {
      world?.reader.close();
      world?.writer.close();
      await world?.stop();
    });

    const rows = async (at: TabletAddress, read: SidecarRead) => answerOf(await world.reader.rows(at, read));
    const streams = (at: TabletAddress) => rows(at, "streams");
    const engine = async (at: TabletAddress) => answerOf(await world.reader.vars(at)).streams;

    describe("who it is", () => {
      test("the primary says so, with its term", async () => {
        const { termStart, ...rest } = answerOf(await world.reader.identity(world.primary));
        expect(rest).toEqual({ ...ALIAS_200, type: "PRIMARY", serving: true, healthError: "" });
        expect(Math.abs(termStart - world.clock.now() / 1000)).toBeLessThan(3600);
      });

      test("the replica has no term", async () => {
        expect(answerOf(await world.reader.identity(world.replica))).toEqual({
          ...ALIAS_200,
          alias: "zone1-0000000201",
          type: "REPLICA",
          serving: true,
          termStart: 0,
          healthError: "",
        });
      });
    });

    describe("/debug/vars", () => {
      test("say who it is and for which topology it was started", async () => {
        const vars = answerOf(await world.reader.vars(world.primary));
        expect(vars).toMatchObject({
          ...ALIAS_200,
          type: "PRIMARY",
          stateName: "SERVING",
          keyRangeStart: "",
          keyRangeEnd: "80",
        });
        expect(vars.buildVersion.startsWith(`${world.version}.`)).toBe(true);
        expect([vars.topoServer, vars.topoRoot]).toEqual([world.topoServer, world.topoRoot]);
        expect(JSON.parse(vars.commandLineJson).join(" ")).toContain(world.topoRoot);
        expect(vars.vstreamers).toBe(0);
      });

      test("show the engine's stream as it runs", async () => {
        const [stream, ...others] = await engine(world.primary);
        expect(others).toEqual([]);
        expect(stream).toMatchObject({
          id: 1,
          workflow: "c2",
          state: "Running",
          source: "customer/0",
          sourceTablet: "zone1-0000000100",
        });
      });

      test("show no stream on a replica, whose engine is closed", async () => {
        expect(await engine(world.replica)).toEqual([]);
      });
    });

    describe("replication", () => {
      test("the primary takes writes and has no source", async () => {
        const status = answerOf(await world.reader.status(world.primary));
        expect(status).toMatchObject({
          readOnly: false,
          superReadOnly: false,
          sourceHost: "",
          sourcePort: 0,
          lastError: "",
        });
        expect(status.position).toMatch(/^MySQL56\/[0-9a-f-]{36}:1/);
        expect(status.position).toContain(status.serverUuid);
      });

      test("the replica replicates from it", async () => {
        const status = answerOf(await world.reader.status(world.replica));
        expect(status).toMatchObject({
          sourceHost: world.primary.mysqlHost,
          sourcePort: world.primary.mysqlPort,
          ioState: 3,
          sqlState: 3,
        });
        expect(status.serverUuid).not.toBe(answerOf(await world.reader.status(world.primary)).serverUuid);
      });

      test("MySQL itself says the same", async () => {
        for (const at of [world.primary, world.replica]) {
          const { hostname, serverVersion, position, ...mysql } = answerOf(
            await world.reader.mysqlStatus(at),
          );
          expect(answerOf(await world.reader.status(at))).toMatchObject(mysql);
          expect(position).toMatch(/^MySQL56\/[0-9a-f-]{36}:1/);
          expect(hostname).not.toBe("");
          expect(serverVersion).toMatch(/^\d+\.\d+\.\d+/);
        }
      });
    });

    describe("rows", () => {
      test("the stream, with what its version has", async () => {
        const [stream, ...others] = await streams(world.primary);
        expect(others).toEqual([]);
        expect(stream).toMatchObject({
          id: "1",
          workflow: "c2",
          state: "Running",
          db_name: "vt_customer",
          workflow_type: "4",
          stop_pos: null,
          max_tps: "9223372036854775807",
        });
        expect(stream?.source).toMatch(/^keyspace:"customer" +shard:"0" +filter:\{/);
        expect(stream?.pos).toMatch(/^MySQL56\//);
        expect("options" in (stream ?? {})).toBe(world.version === "24");
        const age = Number(stream?.now_s) - Number(stream?.time_updated_s);
        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThan(600);
        expect(stream?.log_type).toMatch(/^(Stream Created|State Changed|Ended Copy Phase|Message)$/);
        expect(Number(stream?.log_count)).toBeGreaterThan(0);
        expect(Number(stream?.log_created_s)).toBeGreaterThanOrEqual(Number(stream?.created_s));
        expect(Number(stream?.log_updated_s)).toBeGreaterThanOrEqual(Number(stream?.log_created_s));
      });

      test("a replica shows a copy of the row", async () => {
        expect((await streams(world.replica)).map(steady)).toEqual(
          (await streams(world.primary)).map(steady),
        );
      });

      test("what does not exist is an empty answer", async () => {
        for (const read of EMPTY) expect([read, await rows(world.primary, read)]).toEqual([read, []]);
      });

      test("what is in the rarely filled tables is said at once, whether or not there is any", async () => {
        const filled = await Promise.all(
          RARELY_FILLED.map(async (read) => [read, (await rows(world.primary, read)).length > 0 ? "1" : "0"]),
        );
        expect(await rows(world.primary, "contents")).toEqual([
          { ...Object.fromEntries(filled), sidecars: '["_vt"]' },
        ]);
      });

      test("a table that is no sequence has no row of one", async () => {
        const asked = (names: readonly string[]) =>
          world.reader.sequences(
            world.primary,
            names.map((name) => ({ database: "vt_customer", name })),
          );
        expect(answerOf(await asked([]))).toEqual([]);
        expect((await asked(["customer"])).kind).toBe("unanswered");
      });

      test("nothing is denied", async () => {
        expect(answerOf(await world.reader.deniedTables(world.primary))).toEqual([]);
      });

      test("the position is a GTID set", async () => {
        const [row] = await rows(world.primary, "position");
        expect(row?.position).toMatch(/^[0-9a-f-]{36}:1/);
      });

      test("MySQL itself gives the same rows", async () => {
        const direct = answerOf(await world.reader.mysqlRows(world.primary, "streams", "_vt"));
        expect(direct.map(steady)).toEqual((await streams(world.primary)).map(steady));
        expect(answerOf(await world.reader.mysqlRows(world.primary, "holds", "_vt"))).toEqual([]);
      });
    });

    test("the schema names the tablet's database", async () => {
      const tables = answerOf(await world.reader.schema(world.primary));
      const customer = tables.find(({ name: table }) => table === "customer");
      expect(customer).toMatchObject({ database: "vt_customer", type: "BASE TABLE" });
      expect(customer?.definition).toMatch(/^create table `customer`/i);
    });

    test("where nobody listens is unreachable, on every way in", async () => {
      const { reader, nobody } = world;
      const asked = [
        reader.identity(nobody),
        reader.vars(nobody),
        reader.status(nobody),
        reader.rows(nobody, "streams"),
        reader.schema(nobody),
        reader.mysqlRows(nobody, "streams", "_vt"),
        reader.mysqlStatus(nobody),
        world.writer.refreshState(nobody),
      ];
      for (const outcome of await Promise.all<Outcome<unknown>>(asked))
        expect(outcome).toMatchObject({ kind: "unanswered", reason: "unreachable" });
    });

    describe("changing streams", () => {
      const STOP =
        "update _vt.vreplication set state='Stopped', message='stopped by a test' where db_name='vt_customer' and workflow='c2' and id in (1) and not message <=> 'FROZEN'";
      const set = (to: string): string =>
        `update _vt.vreplication set ${to} where db_name='vt_customer' and workflow='c2'`;

      test("is refused by a closed engine", async () => {
        const { writer, replica } = world;
        for (const outcome of [
          await writer.vreplicationExec(replica, STOP),
          await writer.deleteWorkflow(replica, "c2"),
        ])
          expect(outcome).toMatchObject({ kind: "unanswered", reason: "closed" });
        expect((await streams(world.primary))[0]).toMatchObject({ state: "Running" });
      });

      test("leaves a stream alone that a switch has frozen", async () => {
        const exec = async (statement: string) =>
          answerOf(await world.writer.vreplicationExec(world.primary, statement)).rowsAffected;
        expect(await exec(set("state='Stopped', message='FROZEN'"))).toBe(1);
        expect(await exec(STOP)).toBe(0);
        expect((await streams(world.primary))[0]).toMatchObject({ state: "Stopped", message: "FROZEN" });
        expect(await exec(set("state='Running', message=null"))).toBe(1);
      });

      test("stops the stream in the table and in the engine", async () => {
        expect(answerOf(await world.writer.vreplicationExec(world.primary, STOP))).toEqual({
          rowsAffected: 1,
        });
        expect((await streams(world.primary))[0]).toMatchObject({
          state: "Stopped",
          message: "stopped by a test",
        });
        expect(await engine(world.primary)).toMatchObject([{ id: 1, state: "Stopped" }]);
      });

      test("deletes it from both, and once only", async () => {
        expect(answerOf(await world.writer.deleteWorkflow(world.primary, "c2"))).toEqual({ rowsAffected: 1 });
        expect(await streams(world.primary)).toEqual([]);
        expect(await engine(world.primary)).toEqual([]);
        expect(answerOf(await world.writer.deleteWorkflow(world.primary, "c2"))).toEqual({ rowsAffected: 0 });
      });

      test("there may be no VDiff to delete", async () => {
        expect(answerOf(await world.writer.deleteVDiffs(world.primary, "customer", "c2"))).toBeNull();
      });
    });

    test("a table is moved aside and back", async () => {
      const dba = (statement: string) =>
        world.writer.executeAsDba(world.primary, statement, {
          reloadSchema: true,
          disableForeignKeyChecks: false,
        });
      const tables = async () =>
        answerOf(await world.reader.schema(world.primary)).map((table) => table.name);
      const before = await tables();
      answerOf(await dba("create database vtdoctor_hold_contract"));
      answerOf(await dba("rename table `vt_customer`.`customer` to `vtdoctor_hold_contract`.`customer`"));
      expect(await rows(world.primary, "holds")).toMatchObject([
        { table_schema: "vtdoctor_hold_contract", table_name: "customer" },
      ]);
      expect(await tables()).toEqual(before.filter((table) => table !== "customer"));
      answerOf(await dba("rename table `vtdoctor_hold_contract`.`customer` to `vt_customer`.`customer`"));
      expect(await tables()).toEqual(before);
    });

    describe("a table that somebody uses", () => {
      const OPTIONS = { reloadSchema: true, disableForeignKeyChecks: false };
      const AWAY = "rename table `vt_customer`.`customer` to `vt_customer`.`away`";
      const BACK = "rename table `vt_customer`.`away` to `vt_customer`.`customer`";
      const tables = async () =>
        answerOf(await world.reader.schema(world.primary)).map((table) => table.name);

      test("is told with its user; a run's statement that waits for it outlives its caller, and is told with its run", async () => {
        const { writer, primary } = world;
        expect(await rows(primary, "tableLocks")).toEqual([]);
        const leave = await world.useTable(primary);
        onTestFinished(leave);
        const [user, ...others] = await rows(primary, "tableLocks");
        expect(others).toEqual([]);
        expect(user).toMatchObject({
          table_schema: "vt_customer",
          table_name: "customer",
          lock_status: "GRANTED",
          conn_id: expect.stringMatching(/^[0-9]+$/),
          conn_seconds: expect.stringMatching(/^[0-9]+$/),
        });
        const given = await writer.executeAsDba(primary, marked("contract1", AWAY), OPTIONS);
        expect(given).toMatchObject({ kind: "unanswered", reason: "timeout" });
        expect(await rows(primary, "statements")).toMatchObject([
          { conn_state: "Waiting for table metadata lock", conn_info: marked("contract1", AWAY) },
        ]);
        await leave();
        // Two questions make one list of tables: between them, the statement may come to its end.
        const movedAway = async () => {
          const schema = await world.reader.schema(primary);
          return schema.kind === "answered" && schema.value.some(({ name }) => name === "away");
        };
        await expect.poll(movedAway, { timeout: 10_000 }).toBe(true);
        expect(await rows(primary, "statements")).toEqual([]);
        answerOf(await writer.executeAsDba(primary, BACK, OPTIONS));
      });

      test("is not waited for longer than the session allows, where a tablet takes two statements", async () => {
        const { writer, primary } = world;
        const move = () =>
          writer.executeMultiAsDba(
            primary,
            ["set session lock_wait_timeout=1", marked("contract2", AWAY)],
            OPTIONS,
          );
        if (world.version === "19") {
          const none = await move();
          expect(none).toMatchObject({ kind: "unanswered", reason: "unsupported" });
          expect(none.kind === "unanswered" && none.message).not.toContain("(errno ");
          return;
        }
        const leave = await world.useTable(primary);
        onTestFinished(leave);
        expect(await move()).toMatchObject({
          kind: "unanswered",
          reason: "timeout",
          message: expect.stringContaining("(errno 1205)"),
        });
        await leave();
        expect(await rows(primary, "statements")).toEqual([]);
        expect(await tables()).toContain("customer");
        expect(answerOf(await move())).toEqual({ rowsAffected: 0 });
        expect(await tables()).toContain("away");
        answerOf(await writer.executeAsDba(primary, BACK, OPTIONS));
      });
    });

    test("a tablet reads its records again", async () => {
      expect(answerOf(await world.writer.refreshState(world.primary))).toBeNull();
    });

    test("a process that hangs is a timeout at the deadline, while its MySQL still answers", async () => {
      await world.hang(world.replica);
      const { reader, replica } = world;
      for (const ask of [
        () => reader.identity(replica),
        () => reader.vars(replica),
        () => reader.status(replica),
      ]) {
        const begin = world.clock.now();
        expect(await ask()).toMatchObject({ kind: "unanswered", reason: "timeout" });
        const waited = world.clock.now() - begin;
        expect(waited).toBeGreaterThanOrEqual(world.timeoutMs - 50);
        expect(waited).toBeLessThan(world.timeoutMs + 2000);
      }
      expect(answerOf(await world.reader.mysqlStatus(world.replica)).ioState).toBe(3);
    });
  });
}

/** What the cluster under test has no rows of. */
const EMPTY = [
  ...["journals", "postCopyActions", "vdiffs", "strayRows", "migrations", "transactions"],
  ...["redos", "internalTables", "holds", "triggers"],
] as readonly SidecarRead[];

const ALIAS_200 = { alias: "zone1-0000000200", keyspace: "customer", shard: "-80" } as const;

/** A row without what moves while the stream runs. */
function steady(row: SidecarRow): SidecarRow {
  return Object.fromEntries(
    Object.entries(row).filter(
      ([column]) => !/^(now_s|pos|time_.*|transaction_timestamp|rows_copied)$/.test(column),
    ),
  );
}

function answerOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "unanswered") throw new Error(`${outcome.reason}: ${outcome.message}`);
  return outcome.value;
}
