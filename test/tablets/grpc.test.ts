import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { ServerCredentials, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Query } from "../../src/proto/gen/queryservice_pb.js";
import { TabletManager } from "../../src/proto/gen/tabletmanagerservice_pb.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { TabletReader } from "../../src/tablets/access.js";
import type { TabletOptions } from "../../src/tablets/options.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { createTabletWriter } from "../../src/tablets/writer.js";
import {
  answer,
  type FakeTablet,
  fakeTablet,
  type Method,
  NOWHERE,
  refuse,
  serves,
  silence,
} from "./fake-vttablet.js";
import { OPTIONS, realClock } from "./settings.js";

const TLS_FILES = new URL("./tls/", import.meta.url);
const pem = (name: string) => readFileSync(new URL(name, TLS_FILES));

const toClose: { close(): void }[] = [];
afterEach(() => {
  for (const each of toClose.splice(0)) each.close();
});

const closing = <T extends { close(): void }>(each: T): T => {
  toClose.push(each);
  return each;
};

const tablet = async (methods: readonly Method[], credentials?: ServerCredentials): Promise<FakeTablet> =>
  closing(await fakeTablet(methods, credentials === undefined ? {} : { credentials }));

const reader = (options: Partial<TabletOptions> = {}): TabletReader =>
  closing(createTabletReader({ ...OPTIONS, ...options }, realClock));

const { method } = TabletManager;

const health = serves(Query.method.streamHealth, () =>
  answer({
    tabletAlias: { cell: "zone1", uid: 200 },
    target: { keyspace: "customer", shard: "-80", tabletType: TabletType.PRIMARY },
    serving: true,
    primaryTermStartTimestamp: 1795563325n,
    realtimeStats: { healthError: "" },
  }),
);

describe("a tablet's gRPC port", () => {
  it("says who it is in the first message of a stream that never ends", async () => {
    const { at } = await tablet([health]);
    expect(await reader().identity(at)).toEqual({
      kind: "answered",
      value: {
        alias: "zone1-0000000200",
        keyspace: "customer",
        shard: "-80",
        type: "PRIMARY",
        serving: true,
        termStart: 1795563325,
        healthError: "",
      },
    });
  });

  it("gives a replica's status, and no status while its disk is stalled", async () => {
    const stalled = { now: false };
    const { at } = await tablet([
      serves(method.fullStatus, () =>
        answer({
          status: stalled.now
            ? { diskStalled: true }
            : {
                serverUuid: "u1",
                version: "8.0.36",
                superReadOnly: true,
                readOnly: true,
                replicationStatus: {
                  position: "MySQL56/u1:1-5",
                  sourceHost: "db1",
                  sourcePort: 3306,
                  ioState: 3,
                  sqlState: 1,
                  lastSqlError: "duplicate",
                  sourceUuid: "00000000-0000-0000-0000-000000000000",
                  backupRunning: true,
                },
                serverId: 7,
                replicationConfiguration: { heartbeatInterval: 2.5, replicaNetTimeout: 5 },
                semiSyncReplicaEnabled: true,
              },
        }),
      ),
    ]);
    const read = reader();
    expect(await read.status(at)).toEqual({
      kind: "answered",
      value: {
        serverUuid: "u1",
        serverVersion: "8.0.36",
        readOnly: true,
        superReadOnly: true,
        position: "MySQL56/u1:1-5",
        sourceHost: "db1",
        sourcePort: 3306,
        ioState: 3,
        sqlState: 1,
        lastError: "duplicate",
        replication: {
          serverId: 7,
          sourceUuid: "",
          backupRunning: true,
          heartbeatInterval: 2.5,
          replicaNetTimeout: 5,
          semiSyncSource: false,
          semiSyncReplica: true,
          semiSyncWaits: false,
          semiSyncWaitCount: 0,
          semiSyncClients: 0,
          semiSyncBlocked: false,
        },
      },
    });
    stalled.now = true;
    expect(await read.status(at)).toMatchObject({ kind: "unanswered", reason: "failed" });
  });

  it("is unreachable where the port is refused, and reached at once when it opens", async () => {
    const free = await tablet([]);
    free.close();
    const read = reader();
    expect(await read.identity(free.at)).toMatchObject({ kind: "unanswered", reason: "unreachable" });
    closing(await fakeTablet([health], { port: free.at.grpcPort }));
    expect(await read.identity(free.at)).toMatchObject({ kind: "answered" });
  });

  it("is unreachable where its name or its port is not known", async () => {
    expect(await reader().identity(NOWHERE)).toMatchObject({ reason: "unreachable" });
    expect(await reader().status({ ...NOWHERE, host: "", grpcPort: 1 })).toMatchObject({
      reason: "unreachable",
    });
  });

  it.each([
    ["a process that accepts and says nothing", async () => (await mute()).at],
    [
      "a method that never answers",
      async () => (await tablet([serves(method.fullStatus, () => silence)])).at,
    ],
  ])("is a timeout at the deadline: %s", async (_, at) => {
    const begin = Date.now();
    expect(await reader({ timeoutMs: 300 }).status(await at())).toMatchObject({ reason: "timeout" });
    expect(Date.now() - begin).toBeLessThan(2000);
  });

  it.each([
    [status.UNIMPLEMENTED, "unknown method FullStatus", "unsupported"],
    [status.UNAUTHENTICATED, "username and password must be provided", "denied"],
    [status.PERMISSION_DENIED, 'auth failure: caller "x" provided invalid credentials', "denied"],
    [
      status.UNAVAILABLE,
      "TabletManager.VReplicationExec on zone1-1: vreplication engine is closed",
      "closed",
    ],
    [status.UNKNOWN, "TabletManager.VDiff on zone1-1: vdiff engine is closed", "closed"],
    [status.UNAVAILABLE, "tabletserver is shutdown", "failed"],
    [status.DEADLINE_EXCEEDED, "context deadline exceeded", "timeout"],
    [status.UNKNOWN, "Unknown column 'options' in 'field list' (errno 1054) (sqlstate 42S22)", "unsupported"],
    [status.UNKNOWN, "Table '_vt.vdiff' doesn't exist (errno 1146) (sqlstate 42S02)", "unsupported"],
    [status.UNKNOWN, "SELECT command denied to user (errno 1142) (sqlstate 42000)", "denied"],
    [status.UNKNOWN, "maximum statement execution time exceeded (errno 3024) (sqlstate HY000)", "timeout"],
    [status.UNKNOWN, "Duplicate entry (errno 1062) (sqlstate 23000)", "failed"],
    [status.INTERNAL, "boom", "failed"],
  ])("refuses with status %i, %j: %s", async (code, details, reason) => {
    const { at } = await tablet([serves(method.fullStatus, () => refuse(code, details))]);
    const outcome = await reader().status(at);
    expect(outcome).toMatchObject({ kind: "unanswered", reason });
    expect(outcome).toHaveProperty("message", details);
  });

  it("lacks a service: unsupported", async () => {
    const { at } = await tablet([]);
    expect(await reader().identity(at)).toMatchObject({ reason: "unsupported" });
  });
});

describe("credentials", () => {
  it("sends Vitess's static auth with every call", async () => {
    const guarded = serves(method.fullStatus, (_, metadata) =>
      metadata.get("username")[0] === "doc" && metadata.get("password")[0] === "secret"
        ? answer({ status: { serverUuid: "u1" } })
        : refuse(status.UNAUTHENTICATED, "username and password must be provided"),
    );
    const { at } = await tablet([guarded]);
    const known = reader({ staticAuth: { username: "doc", password: "secret" } });
    expect(await known.status(at)).toMatchObject({ kind: "answered" });
    expect(await reader().status(at)).toMatchObject({ reason: "denied" });
  });

  const pair = { private_key: pem("server.key"), cert_chain: pem("server.pem") };
  const plainTls = () => ServerCredentials.createSsl(null, [pair]);
  const mutualTls = () => ServerCredentials.createSsl(pem("ca.pem"), [pair], true);

  it("speaks TLS where a certificate authority is given, and checks the name", async () => {
    const { at } = await tablet([health], plainTls());
    const trusted = { ca: pem("ca.pem"), serverName: "tablet.test" };
    expect(await reader({ tls: trusted }).identity(at)).toMatchObject({ kind: "answered" });
    expect(await reader({ tls: { ca: pem("ca.pem") } }).identity(at)).toMatchObject({
      reason: "denied",
    });
    const stranger = { ca: pem("client.pem"), serverName: "tablet.test" };
    expect(await reader({ tls: stranger }).identity(at)).toMatchObject({ reason: "denied" });
  });

  it("says the same words each time where TLS meets plain text", async () => {
    const { at } = await tablet([health]);
    const words = /^(?!.*[0-9A-F]{8}:error).*SSL routines.*wrong version number/;
    expect(await reader({ tls: { ca: pem("ca.pem") } }).identity(at)).toMatchObject({
      reason: "denied",
      message: expect.stringMatching(words),
    });
  });

  it("shows its own certificate where one is given", async () => {
    const { at } = await tablet([health], mutualTls());
    const known = {
      ca: pem("ca.pem"),
      cert: pem("client.pem"),
      key: pem("client.key"),
      serverName: "tablet.test",
    };
    expect(await reader({ tls: known }).identity(at)).toMatchObject({ kind: "answered" });
    const { cert: _, key: __, ...nameless } = known;
    expect(await reader({ tls: nameless, timeoutMs: 1000 }).identity(at)).toMatchObject({
      kind: "unanswered",
    });
  });

  it("does not hang in plain text before a TLS port", async () => {
    const { at } = await tablet([health], plainTls());
    expect(await reader({ timeoutMs: 500 }).identity(at)).toMatchObject({ kind: "unanswered" });
  });
});

describe("load", () => {
  it("keeps no more calls in flight than allowed, per host and in all", async () => {
    const flight = { now: 0, most: 0 };
    const slow = serves(method.fullStatus, async () => {
      flight.now += 1;
      flight.most = Math.max(flight.most, flight.now);
      await realClock.sleep(20);
      flight.now -= 1;
      return answer({ status: { serverUuid: "u1" } });
    });
    const { at } = await tablet([slow]);
    const ask = async (limits: Partial<TabletOptions>, hosts: readonly string[]) => {
      flight.most = 0;
      const read = reader(limits);
      const all = await Promise.all(
        Array.from({ length: 12 }, (_, i) => read.status({ ...at, host: hosts[i % hosts.length] ?? "" })),
      );
      expect(all.every((each) => each.kind === "answered")).toBe(true);
      return flight.most;
    };
    expect(await ask({ concurrency: 100, concurrencyPerHost: 3 }, ["127.0.0.1"])).toBe(3);
    expect(await ask({ concurrency: 4, concurrencyPerHost: 3 }, ["127.0.0.1", "localhost"])).toBe(4);
  });

  it("answers though another host's tablets hang", async () => {
    const silent = await mute();
    const { at } = await tablet([health]);
    const read = reader({ concurrency: 3, concurrencyPerHost: 2, timeoutMs: 1000 });
    const hung = Array.from({ length: 20 }, () => read.status({ ...silent.at, host: "localhost" }));
    const begin = Date.now();
    expect(await read.identity(at)).toMatchObject({ kind: "answered" });
    expect(Date.now() - begin).toBeLessThan(900);
    read.close();
    await Promise.all(hung);
  }, 30_000);
});

describe("the write port", () => {
  it("gives a change up that could not be sent within 5 s, long before the end of its own time", async () => {
    // A server that accepts and never speaks TLS: to the client the connection is not made.
    const { at } = await mute();
    const fast = { ...realClock, after: (ms: number, run: () => void) => realClock.after(ms / 20, run) };
    const tls = { ca: pem("ca.pem"), serverName: "tablet.test" };
    const writer = closing(createTabletWriter({ ...OPTIONS, tls, timeoutMs: 300_000 }, fast));
    expect(await writer.changeTags(at)).toEqual({
      kind: "unanswered",
      reason: "unreachable",
      message: "no connection within 5000 ms",
    });
  });

  it("sends what it is asked to, once", async () => {
    const seen: unknown[] = [];
    const note = (request: object) => {
      const { $typeName, ...fields } = request as { $typeName: string };
      seen.push([$typeName, fields]);
    };
    const { at } = await tablet([
      serves(method.vReplicationExec, (request) => {
        note(request);
        return answer({ result: { rowsAffected: 2n } });
      }),
      serves(method.executeFetchAsDba, (request) => {
        note({ ...request, query: new TextDecoder().decode(request.query) });
        return answer({ result: { rowsAffected: 1n } });
      }),
      serves(method.vDiff, (request) => {
        note(request);
        return answer({});
      }),
      serves(method.changeTags, (request) => {
        note(request);
        return answer({});
      }),
    ]);
    const writer = closing(createTabletWriter(OPTIONS, realClock));
    expect(await writer.vreplicationExec(at, "update ...")).toEqual({
      kind: "answered",
      value: { rowsAffected: 2 },
    });
    const dba = { reloadSchema: true, disableForeignKeyChecks: true };
    expect(await writer.executeAsDba(at, "rename ...", dba)).toEqual({
      kind: "answered",
      value: { rowsAffected: 1 },
    });
    expect(await writer.deleteVDiffs(at, "customer", "c2")).toEqual({ kind: "answered", value: null });
    expect(await writer.changeTags(at)).toEqual({ kind: "answered", value: null });
    expect(await writer.refreshState(at)).toMatchObject({ reason: "unsupported" });
    expect(seen).toMatchObject([
      ["tabletmanagerdata.VReplicationExecRequest", { query: "update ..." }],
      [
        "tabletmanagerdata.ExecuteFetchAsDbaRequest",
        { query: "rename ...", reloadSchema: true, disableForeignKeyChecks: true, disableBinlogs: false },
      ],
      [
        "tabletmanagerdata.VDiffRequest",
        { keyspace: "customer", workflow: "c2", action: "delete", actionArg: "all" },
      ],
      ["tabletmanagerdata.ChangeTagsRequest", { tags: {}, replace: false }],
    ]);
  });
});

/** A port that accepts connections and never says a word, like a stopped process. */
async function mute(): Promise<FakeTablet> {
  const server = createServer((socket) => socket.on("error", () => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return closing({ at: { ...NOWHERE, grpcPort: address.port }, close: () => server.close() });
}
