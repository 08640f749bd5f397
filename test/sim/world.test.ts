import { describe, expect, test } from "vitest";
import { unanswered } from "../../src/cluster/outcome.js";
import { SimClock } from "../../src/sim/clock.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { interrupt } from "../../src/sim/native/operation.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { switchAll } from "./native/switch-traffic.js";

const c2 = { keyspace: "customer", workflow: "c2" } as const;

describe("time", () => {
  test("a deadline fires only when the answer never comes", async () => {
    const clock = new SimClock(0);
    const quick = (async () => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      return "answer";
    })();
    expect(await Promise.race([quick, clock.sleep(1_000).then(() => "deadline")])).toBe("answer");
    expect(await Promise.race([new Promise(() => {}), clock.sleep(500).then(() => "deadline")])).toBe(
      "deadline",
    );
  });

  test("sleepers wake in the order of their times, and abort wakes at once", async () => {
    const clock = new SimClock(0);
    const woken: string[] = [];
    const stop = new AbortController();
    const aborted = clock.sleep(10_000, stop.signal);
    const all = [30, 10, 20].map((ms) => clock.sleep(ms).then(() => woken.push(`${ms} at ${clock.now()}`)));
    stop.abort();
    expect(await aborted).toBe(false);
    await Promise.all(all);
    expect(woken).toEqual(["10 at 10", "20 at 20", "30 at 30"]);
    expect(clock.now()).toBe(30);
  });
});

describe("determinism", () => {
  const history = (seed: number): string => {
    const cluster = reshardingLab({ version: "19.0.10", seed, rows: 30 });
    cluster.run(reshardCancel(cluster, { ...c2, version: 19 }));
    cluster.clock.advance(3_600_000);
    const { events } = cluster.topology.global.etcd;
    const rows = cluster.tablets.map(({ mysql }) => [mysql.position, mysql.data.sidecar.vreplication]);
    return JSON.stringify([events.map((event) => ({ ...event, value: [...event.value] })), rows]);
  };

  test("the same seed gives the same bytes", () => expect(history(7)).toBe(history(7)));
  test("another seed, others", () => expect(history(7)).not.toBe(history(8)));
});

describe("faults", () => {
  test("what hangs takes the whole deadline, what is refused or denied none of it", async () => {
    const cluster = labCluster({ rows: 1, timeoutMs: 4_000 });
    const { address, name } = cluster.tablet("zone1-0000000100");
    const begin = cluster.clock.now();
    cluster.faults.refuse(name);
    expect(await cluster.reader.vars(address)).toMatchObject({ reason: "unreachable" });
    cluster.faults.deny(name);
    expect(await cluster.reader.identity(address)).toMatchObject({ reason: "denied" });
    expect(cluster.clock.now()).toBe(begin);
    cluster.faults.hang(name);
    expect(await cluster.reader.status(address)).toMatchObject({ reason: "timeout" });
    expect(cluster.clock.now()).toBe(begin + 4_000);
    cluster.faults.heal(name);
    expect(await cluster.reader.status(address)).toMatchObject({ kind: "answered" });
  });

  test("a server that is down answers nothing and renews nothing", async () => {
    const cluster = new SimCluster();
    const { server } = cluster.topology.global.etcd;
    const store = cluster.connect(server);
    const granted = await store.grant(30);
    if (granted.kind === "unanswered") throw new Error(granted.message);
    cluster.faults.serverDown(server);
    expect(await store.status()).toMatchObject({ reason: "unreachable" });
    await cluster.clock.sleep(31_000);
    expect(granted.value.leftMs()).toBe(0);
  });

  test("nobody listens at an address that is not the cluster's", async () => {
    expect(await new SimCluster().connect("elsewhere:2379").status()).toMatchObject({
      reason: "unreachable",
    });
  });

  test("a lost call changes nothing, a lost reply only hides what it changed", async () => {
    const cluster = reshardingLab({ rows: 4 });
    const { address, engine } = cluster.tablet("zone1-0000000200");
    const lost = () => unanswered("timeout", "lost");
    cluster.effects.hook = { before: lost };
    expect(await cluster.writer.deleteWorkflow(address, "c2")).toMatchObject({ reason: "timeout" });
    expect(engine.streams).toHaveLength(1);
    cluster.effects.hook = { after: lost };
    expect(await cluster.writer.deleteWorkflow(address, "c2")).toMatchObject({ reason: "timeout" });
    expect(engine.streams).toEqual([]);
    expect(cluster.effects.log.map(({ number, at, call }) => [number, at, call])).toEqual([
      [1, "zone1-0000000200", "deleteWorkflow"],
      [2, "zone1-0000000200", "deleteWorkflow"],
    ]);
  });
});

describe("locks", () => {
  test("of a killed vtctld keep others out until their lease ends", () => {
    const cluster = reshardingLab({ rows: 4 });
    interrupt(switchAll(cluster, c2), 2);
    const cancel = () =>
      interrupt(reshardCancel(cluster, { ...c2, version: 24 }), Number.POSITIVE_INFINITY).outcome;
    expect(cancel()).toMatchObject({
      message: expect.stringMatching(/deadline exceeded: .*named_locks\/customer\/c2\/locks$/),
    });
    cluster.clock.advance(86_401_000);
    expect(cancel()).toMatchObject({ kind: "answered" });
  });

  test("every prefix of a cutover is a state that the next vtctld can look at", () => {
    const total = interrupt(switchAll(reshardingLab({ rows: 4 }), c2), Number.POSITIVE_INFINITY).effects
      .length;
    for (let effects = 0; effects <= total; effects++) {
      const cluster = reshardingLab({ rows: 4 });
      expect(interrupt(switchAll(cluster, c2), effects).effects).toHaveLength(effects);
      cluster.clock.advance(600_000);
      const users = cluster.tablets.map(({ mysql }) => mysql.table("vt_customer", "customer")?.rows.size);
      expect(users[0]).toBe(4);
      expect((users[1] ?? 0) + (users[3] ?? 0)).toBe(4);
    }
  });
});

test("a cell of its own etcd has its tablets and its serving graph there, and only there", async () => {
  const cluster = new SimCluster({ version: "19.0.10" });
  cluster.addCell("zone1");
  cluster.addCell("zone2", { server: "etcd-zone2:2379", root: "/cell" });
  cluster.run(createKeyspace(cluster, "ks"));
  const start = (cell: string, uid: number, shard: string) => {
    const tablet = cluster.addTablet({ alias: { cell, uid }, keyspace: "ks", shard });
    cluster.run(startTablet(cluster, tablet));
    return tablet;
  };
  for (const [uid, shard] of [
    [1, "0"],
    [2, "-80"],
    [3, "80-"],
  ] as const)
    cluster.run(plannedReparent(cluster, start("zone1", uid, shard)));
  const replica = start("zone2", 4, "-80");
  const keysOfZone2 = async () => {
    const range = await cluster.connect("etcd-zone2:2379").range({ prefix: "" });
    return range.kind === "answered" ? range.value.entries.map(({ key }) => key) : [];
  };
  const servingGraph = ["/cell/SrvVSchema", "/cell/keyspaces/ks/SrvKeyspace"];
  expect(await keysOfZone2()).toEqual([
    ...servingGraph,
    "/cell/keyspaces/ks/shards/-80/ShardReplication",
    "/cell/tablets/zone2-0000000004/Tablet",
  ]);
  cluster.run(
    reshardCreate(cluster, { keyspace: "ks", workflow: "w", sources: ["0"], targets: ["-80", "80-"] }),
  );
  cluster.run(reshardCancel(cluster, { keyspace: "ks", workflow: "w", version: 19 }));
  expect(await keysOfZone2()).toEqual(servingGraph);
  expect(replica.mysql.data.sidecar.vreplication).toHaveLength(1);
});
