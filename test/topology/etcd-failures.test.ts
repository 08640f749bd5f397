import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/cli/clock.js";
import { UsageError } from "../../src/cluster/errors.js";
import type { EtcdOptions } from "../../src/topology/etcd-client.js";
import { connectEtcdReader } from "../../src/topology/etcd-reader.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import type { TopologyStore } from "../../src/topology/store.js";
import { describeWithEtcd, freePort, startEtcd } from "./etcd-server.js";

const PLAIN: EtcdOptions = { timeoutMs: 800, tls: null };
const write = {
  compares: [],
  operations: [{ kind: "put", key: "/failures/a", value: Uint8Array.of(1) }],
} as const;

function open(server: string, options = PLAIN): TopologyStore {
  const store = connectEtcdStore(server, options, systemClock);
  onTestFinished(() => store.close());
  return store;
}

/** Every call of the port, each of which must end by itself and say the same. */
const everyCall = (store: TopologyStore) =>
  Promise.all([
    store.status(),
    store.range({ prefix: "/" }),
    store.get("/a"),
    store.lease("7"),
    store.txn(write),
    store.grant(10),
    store.revoke("7"),
  ]);

async function duration(run: () => Promise<unknown>): Promise<number> {
  const before = systemClock.now();
  await run();
  return systemClock.now() - before;
}

/** Accepts connections and says nothing. */
async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

describe("an etcd that can not be asked", () => {
  test.each([
    ["refuses the connection", () => freePort().then((port) => `127.0.0.1:${port}`), "unreachable"],
    ["has a name that does not resolve", async () => "etcd.invalid:2379", "unreachable"],
    ["is not named", async () => " , ", "unreachable"],
    ["accepts and never answers", silentServer, "timeout"],
  ])("that %s: every call ends in time and says so", async (_case, address, reason) => {
    const store = open(await address());
    const took = await duration(async () => {
      for (const outcome of await everyCall(store))
        expect(outcome).toMatchObject({ kind: "unanswered", reason });
    });
    expect(took).toBeLessThan(3_000);
  });

  test("says in one line what the other side said", async () => {
    const outcome = await open(`127.0.0.1:${await freePort()}`).status();
    if (outcome.kind === "answered") throw new Error("answered");
    expect(outcome.message).toMatch(
      /^No connection established\. Last error: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    );
  });

  test.each([
    ["one without the other", { cert: Buffer.from("x") }],
    ["no certificate", { ca: Buffer.from("x"), cert: Buffer.from("x"), key: Buffer.from("x") }],
  ])("because of its TLS files (%s) is the operator's mistake", (_case, tls) => {
    const connect = () => connectEtcdReader("127.0.0.1:2379", { timeoutMs: 1, tls }, systemClock);
    expect(connect).toThrow(UsageError);
    expect(connect).toThrow(/--topo-etcd-tls-/);
  });
});

describeWithEtcd("several members", () => {
  test("one that answers is enough for reads and writes", async () => {
    const etcd = await startEtcd();
    onTestFinished(etcd.stop);
    const refusing = `127.0.0.1:${await freePort()}`;
    for (const server of [`${refusing},${etcd.address}`, `http://${etcd.address}/, http://${refusing}/`]) {
      const store = open(server, { timeoutMs: 4_000, tls: null });
      for (const outcome of [await store.status(), await store.txn(write), await store.get("/failures/a")]) {
        expect(outcome.kind).toBe("answered");
      }
    }
  });

  test("a silent one costs a read its share of the time, and a write is never sent twice", async () => {
    const etcd = await startEtcd();
    onTestFinished(etcd.stop);
    const server = `${await silentServer()},${etcd.address}`;
    const patient = { timeoutMs: 4_000, tls: null };
    expect(await open(server, patient).txn(write)).toMatchObject({ reason: "timeout" });
    const store = open(server, patient);
    expect((await store.get("/failures/a")).kind).toBe("answered");
    expect(await duration(() => store.get("/failures/a"))).toBeLessThan(1_500);
    expect((await store.txn(write)).kind).toBe("answered");
  });
});

describeWithEtcd("an etcd that goes away", () => {
  test("takes its leases out of our hands before another could get them", async () => {
    const etcd = await startEtcd();
    onTestFinished(etcd.stop);
    const store = open(etcd.address, { timeoutMs: 5_000, tls: null });
    const lease = await store.grant(5);
    if (lease.kind === "unanswered") throw new Error(lease.message);
    await etcd.stop();
    await systemClock.sleep(2_000);
    expect(lease.value.leftMs()).toBeGreaterThan(0);
    await systemClock.sleep(3_200);
    expect(lease.value.leftMs()).toBe(0);
  });

  test("and a wall clock that is set back hides no lost lease, nor a steady clock that stood still", async () => {
    const etcd = await startEtcd();
    onTestFinished(etcd.stop);
    for (const asleep of ["now", "steady"] as const) {
      let [wall, steady] = [1_000_000, 0];
      const clock = {
        ...systemClock,
        now: () => wall,
        steady: () => steady,
        sleep: () => new Promise<boolean>(() => {}),
      };
      const store = connectEtcdStore(etcd.address, { timeoutMs: 5_000, tls: null }, clock);
      onTestFinished(() => store.close());
      // etcd3's deadline is of the wall clock.
      wall = Date.now();
      const lease = await store.grant(5);
      if (lease.kind === "unanswered") throw new Error(lease.message);
      expect(lease.value.leftMs()).toBe(5_000);
      if (asleep === "now") [wall, steady] = [wall - 60_000, steady + 5_100];
      else wall += 5_100;
      expect(lease.value.leftMs()).toBe(0);
    }
  });

  test("and is back answers again", async () => {
    const port = await freePort();
    const store = open(`127.0.0.1:${port}`, { timeoutMs: 3_000, tls: null });
    expect(await store.status()).toMatchObject({ reason: "unreachable" });
    const etcd = await startEtcd([], "http", port);
    onTestFinished(etcd.stop);
    await expect.poll(async () => (await store.status()).kind, { timeout: 10_000 }).toBe("answered");
  });
});

describeWithEtcd("an etcd that wants to know who asks", () => {
  test("denies, and does not look empty", async () => {
    const etcd = await startEtcd();
    onTestFinished(etcd.stop);
    const root = new Etcd3({ hosts: etcd.address });
    onTestFinished(() => root.close());
    await root.user("root").create("secret");
    await root.user("root").addRole("root");
    await root.auth.authEnable();
    const store = open(etcd.address, { timeoutMs: 5_000, tls: null });
    for (const outcome of [
      await store.range({ prefix: "/" }),
      await store.get("/a"),
      await store.txn(write),
    ]) {
      expect(outcome).toMatchObject({ kind: "unanswered", reason: "denied" });
    }
  });
});

describeWithEtcd("TLS", () => {
  test("is spoken with a client certificate, and a stranger is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vtdoctor-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = (name: string): string => join(folder, name);
    const openssl = (line: string) =>
      execFileSync("openssl", line.split(" "), { cwd: folder, stdio: "pipe" });
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem");
    openssl(
      "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=etcd -addext subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key -keyout one.key -out one.pem",
    );
    const files = ["--cert-file", path("one.pem"), "--key-file", path("one.key")];
    const etcd = await startEtcd(
      [...files, "--client-cert-auth", "--trusted-ca-file", path("ca.pem")],
      "https",
    );
    onTestFinished(etcd.stop);
    const [ca, cert, key] = ["ca.pem", "one.pem", "one.key"].map((name) => readFileSync(path(name)));
    if (!ca || !cert || !key) throw new Error("no certificates");

    const known = open(etcd.address, { timeoutMs: 10_000, tls: { ca, cert, key } });
    expect((await known.txn(write)).kind).toBe("answered");
    for (const tls of [null, { ca }, {}]) {
      expect((await open(etcd.address, { timeoutMs: 1_500, tls }).status()).kind).toBe("unanswered");
    }
  });
});

test("after close nothing is left that would keep the process alive", async () => {
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "TCPWRAP").length;
  const before = sockets();
  const store = connectEtcdStore(await silentServer(), PLAIN, systemClock);
  await store.status();
  store.close();
  await expect.poll(sockets, { timeout: 3_000 }).toBeLessThanOrEqual(before + 1);
  expect(await store.status()).toMatchObject({ kind: "unanswered" });
});
