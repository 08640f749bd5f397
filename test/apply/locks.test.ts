import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fence } from "../../src/apply/locks/fence.js";
import { type LockRequest, takeLock } from "../../src/apply/locks/take-lock.js";
import type { Ports } from "../../src/apply/ports.js";
import { systemClock } from "../../src/cli/clock.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import { formatLockBody, parseLockBody } from "../../src/topology/lock-body.js";
import { describeWithEtcd, type EtcdServer, startEtcd } from "../topology/etcd-server.js";
import { doctorAt } from "./sim-ports.js";

const SERVER = "etcd-global:2379";
const DIRECTORY = "/vitess/global/keyspaces/customer";
const KEYSPACE: LockRequest = {
  name: "keyspace customer",
  directory: DIRECTORY,
  mustExist: true,
  action: "vtdoctor: cancel r1",
};
/** Not one of the packages that knip knows; it comes with etcd. */
const ETCDCTL = "etcdctl";
const never = new AbortController().signal;
const patience = { timeoutMs: 45_000, signal: never };

function clusterWithKeyspace(): SimCluster {
  const cluster = new SimCluster();
  cluster.addCell("zone1");
  cluster.run(createKeyspace(cluster, "customer"));
  return cluster;
}

const lockKeys = (cluster: SimCluster) => cluster.server(SERVER).range(`${DIRECTORY}/locks/`);

async function take(doctor: Ports, request = KEYSPACE, timeoutMs = patience.timeoutMs) {
  const attempt = await takeLock(doctor.store(SERVER), request, doctor, { timeoutMs, signal: never });
  if (attempt.kind !== "held") throw new Error(`not held: ${JSON.stringify(attempt)}`);
  return attempt.lock;
}

describe("a lock of Vitess's", () => {
  it("is a leased key with the holder's words, and goes with its lease", async () => {
    const cluster = clusterWithKeyspace();
    const lock = await take(doctorAt(cluster));
    const [entry] = lockKeys(cluster);
    expect(entry?.key).toBe(`${DIRECTORY}/locks/${lock.lease}`);
    expect(entry?.lease).toBe(lock.lease);
    expect(entry?.createRevision).toBe(lock.createRevision);
    expect(parseLockBody(entry?.value ?? new Uint8Array())).toMatchObject({
      value: { action: "vtdoctor: cancel r1", hostName: "doctor-1", userName: "operator" },
    });
    expect(cluster.server(SERVER).lease(lock.lease)?.grantedTtl).toBe(30);
    await lock.release();
    expect(lockKeys(cluster)).toEqual([]);
    expect(cluster.server(SERVER).lease(lock.lease)).toBeNull();
  });

  it("is renewed for as long as it is held", async () => {
    const cluster = clusterWithKeyspace();
    const lock = await take(doctorAt(cluster));
    cluster.clock.advance(300_000);
    expect(lock.leftMs()).toBeGreaterThan(0);
    expect(await lock.prove()).toBeNull();
  });

  it("is renewed when it is proven, so that what follows has its whole time", async () => {
    const cluster = clusterWithKeyspace();
    const lock = await take(doctorAt(cluster));
    cluster.clock.advance(9_000);
    expect(lock.leftMs()).toBe(21_000);
    expect(await new Fence([lock]).broken(null)).toBeNull();
    expect(lock.leftMs()).toBe(30_000);
  });

  it("lets no call begin under it for which its proven time is too short", async () => {
    const cluster = clusterWithKeyspace();
    const held = await take(doctorAt(cluster));
    // It answers, and renews nothing.
    const lock = { ...held, leftMs: () => 14_000 };
    expect(await new Fence([lock]).broken(null)).toEqual({
      kind: "unanswered",
      reason: expect.stringMatching(/^the lock on keyspace customer is proven ours for 14 s more/),
    });
  });

  it("is waited for, oldest key first, and the holder is named", async () => {
    const cluster = clusterWithKeyspace();
    const [first, second, third] = ["a", "b", "c"].map((name) => doctorAt(cluster, name));
    if (!first || !second || !third) throw new Error("three doctors");
    const held = await take(first);
    const order: string[] = [];
    const waiting = [second, third].map(async (doctor) => {
      const lock = await take(doctor);
      order.push(doctor.hostName);
      await lock.release();
    });
    await cluster.clock.sleep(3_000);
    expect(order).toEqual([]);
    await held.release();
    await Promise.all(waiting);
    expect(order).toEqual(["b", "c"]);
    expect(second.events).toContain("lock-awaited");
    expect(lockKeys(cluster)).toEqual([]);
  });

  it("is given up after the timeout and leaves nothing", async () => {
    const cluster = clusterWithKeyspace();
    const etcd = cluster.server(SERVER);
    const vtctld = etcd.grant(86_400);
    const body = formatLockBody({
      action: "SwitchWrites",
      hostName: "vtctld-0",
      userName: "vitess",
      time: cluster.clock.now(),
    });
    etcd.put(`${DIRECTORY}/locks/${vtctld}`, body, vtctld);
    const before = cluster.clock.now();
    const doctor = doctorAt(cluster);
    const attempt = await takeLock(doctor.store(SERVER), KEYSPACE, doctor, patience);
    expect(attempt).toMatchObject({
      kind: "busy",
      holder: {
        action: "SwitchWrites",
        hostName: "vtctld-0",
        userName: "vitess",
        time: "2026-11-24T22:00:00.000Z",
      },
    });
    expect(cluster.clock.now() - before).toBe(45_000);
    expect(lockKeys(cluster).map((entry) => entry.lease)).toEqual([vtctld]);
  });

  it("of a keyspace that is not there is refused, a named one is not", async () => {
    const cluster = clusterWithKeyspace();
    const doctor = doctorAt(cluster);
    const missing = { ...KEYSPACE, directory: "/vitess/global/keyspaces/nothing" };
    expect(await takeLock(doctor.store(SERVER), missing, doctor, patience)).toMatchObject({
      kind: "refused",
    });
    await take(doctor, { ...missing, mustExist: false });
  });

  it("is held although the reply to its key was lost", async () => {
    const cluster = clusterWithKeyspace();
    cluster.effects.hook = {
      after: ({ call }) =>
        call === "txn" ? { kind: "unanswered", reason: "timeout", message: "lost" } : undefined,
    };
    const lock = await take(doctorAt(cluster));
    expect(lockKeys(cluster)).toHaveLength(1);
    expect(await lock.prove()).toBeNull();
  });

  it("that ended is not held, even where somebody put the key again", async () => {
    const cluster = clusterWithKeyspace();
    const lock = await take(doctorAt(cluster));
    cluster.server(SERVER).revoke(lock.lease);
    cluster.server(SERVER).put(lock.key, new Uint8Array());
    expect(lock.leftMs()).toBe(0);
    expect(await lock.prove()).toMatchObject({ kind: "refused" });
  });

  it("is not waited for after Ctrl-C, and the queue is left", async () => {
    const cluster = clusterWithKeyspace();
    await take(doctorAt(cluster, "a"));
    const second = doctorAt(cluster, "b");
    const abort = new AbortController();
    const attempt = takeLock(second.store(SERVER), KEYSPACE, second, {
      timeoutMs: 45_000,
      signal: abort.signal,
    });
    cluster.clock.at(cluster.clock.now() + 1_000, () => abort.abort());
    expect(await attempt).toEqual({ kind: "aborted" });
    expect(lockKeys(cluster)).toHaveLength(1);
  });
});

describeWithEtcd("a lock in a real etcd", () => {
  let etcd: EtcdServer;
  const open: Ports[] = [];

  beforeAll(async () => {
    etcd = await startEtcd();
    etcdctl("put", `${DIRECTORY}/Keyspace`, "");
  });
  afterAll(async () => {
    for (const doctor of open) doctor.store("").close();
    await etcd.stop();
  });

  const etcdctl = (...args: readonly string[]): string =>
    spawnSync(ETCDCTL, ["--endpoints", etcd.address, ...args], {
      encoding: "utf8",
      env: { ...process.env, ETCDCTL_API: "3" },
    }).stdout;

  function doctor(): Ports {
    const store = connectEtcdStore(etcd.address, { timeoutMs: 5_000, tls: null }, systemClock);
    const world = { ...doctorAt(new SimCluster()), clock: systemClock, store: () => store };
    open.push(world);
    return world;
  }

  it("is what etcdctl shows, and shuts another contender out until its lease ends", async () => {
    const [one, other] = [doctor(), doctor()];
    const lock = await take(one);
    expect(etcdctl("get", lock.key)).toContain('"Action": "vtdoctor: cancel r1"');
    const hex = BigInt(lock.lease).toString(16);
    expect(etcdctl("lease", "timetolive", hex)).toContain("granted with TTL(30s)");

    expect(
      await takeLock(other.store(""), KEYSPACE, other, { timeoutMs: 1_000, signal: never }),
    ).toMatchObject({
      kind: "busy",
      holder: { action: "vtdoctor: cancel r1" },
    });
    const waiting = take(other);
    etcdctl("lease", "revoke", hex);
    const second = await waiting;
    expect(await lock.prove()).toMatchObject({ kind: "refused" });
    expect(await second.prove()).toBeNull();
    await second.release();
    expect(etcdctl("get", "--prefix", `${DIRECTORY}/locks/`)).toBe("");
  });
});
