import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { interrupt, type Native } from "../../src/sim/native/operation.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { VitessVersion } from "../../src/sim/stream-row.js";
import { parseLockBody } from "../../src/topology/lock-body.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";
import { switchAll } from "../sim/native/switch-traffic.js";
import { emptyFolder, operatorAt } from "./harness.js";

const NAMED = "/vitess/global/internal/named_locks/";
const OUTAGE = "interrupted-write-switch@customer/0";
const DENIAL = "routing-contradicts-denial@customer.customer";

/** A vtctld that has come so far, and still lives. */
const upTo = (operation: Native<unknown>, effect: RegExp): void => {
  for (let step = operation.next(); !step.done; step = operation.next()) if (effect.test(step.value)) return;
  throw new Error(`the switch never came to ${effect}`);
};

/** It has just stopped the writes, and waits for the streams. */
const resharding = (version: VitessVersion): SimCluster => {
  const cluster = reshardingLab({ version, rows: 20 });
  const operation = switchAll(cluster, { keyspace: "customer", workflow: "c2" });
  upTo(operation, /streams of customer\/80- caught up/);
  return cluster;
};

/** It has denied the table on the source, and rules still lead there. */
const moving = (version: VitessVersion): SimCluster => {
  const cluster = beforeMove(version);
  upTo(moveTablesSwitch(cluster, "moved", "c2"), /caught up/);
  return cluster;
};

const beforeMove = (version: VitessVersion): SimCluster => {
  const cluster = labCluster({ version, rows: 20 });
  cluster.run(createKeyspace(cluster, "moved"));
  const tablet = cluster.addTablet({ alias: { cell: "zone1", uid: 400 }, keyspace: "moved", shard: "0" });
  cluster.run(startTablet(cluster, tablet));
  cluster.run(plannedReparent(cluster, tablet));
  const workflow = { keyspace: "moved", workflow: "c2", sourceKeyspace: "customer", tables: ["customer"] };
  cluster.run(moveTablesCreate(cluster, { ...workflow, cell: "zone1" }));
  cluster.clock.advance(5_000);
  return cluster;
};

const namedLock = (cluster: SimCluster): string => {
  const { etcd } = cluster.topology.global;
  const [found] = etcd.range(NAMED);
  if (found === undefined) throw new Error("there is no named lock");
  return found.key;
};

/** The vtctld goes on to hold the keyspace's lock; ends that. With `ttl` it took a lease of so many seconds, and never renews it. */
const held = (cluster: SimCluster, keyspace: string, ttl?: number): (() => void) => {
  const { etcd } = cluster.topology.global;
  const [lock] = etcd.range(`/vitess/global/keyspaces/${keyspace}/locks/`);
  if (lock === undefined) throw new Error(`there is no lock of ${keyspace}`);
  if (ttl !== undefined) {
    etcd.put(lock.key, lock.value, etcd.grant(ttl));
    return () => {};
  }
  let cancel = (): void => {};
  const renew = (): void => {
    if (etcd.keepAlive(lock.lease)) cancel = cluster.clock.at(cluster.clock.now() + 20_000, renew);
  };
  renew();
  return () => cancel();
};

/** As if the vtctld were older than it is, or somebody had cleared it. */
const withoutNamedLock = (cluster: SimCluster): SimCluster => {
  cluster.topology.global.etcd.delete(namedLock(cluster));
  return cluster;
};

/** The holder's host is so far behind (or, below 0, ahead of) everybody else. */
const clockBehind = (cluster: SimCluster, seconds: number): void => {
  const { etcd } = cluster.topology.global;
  const key = namedLock(cluster);
  const entry = etcd.get(key);
  const body = parseLockBody(entry?.value ?? new Uint8Array());
  if (entry === null || body.kind !== "answered") throw new Error("no lock can be read");
  const at = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
  const text = Buffer.from(entry.value).toString();
  const time = body.value.time;
  etcd.put(key, Buffer.from(text.replace(at(time), at(time - seconds * 1000))), entry.lease);
};

const scan = async (cluster: SimCluster, flags = "") => {
  const { out } = await operatorAt(cluster).type(`scan${flags} --format json`);
  const { findings } = JSON.parse(out) as {
    findings: {
      id: string;
      state: string;
      because: string;
      symptom: string;
      cause: string;
      repair: { steps: readonly string[] };
    }[];
  };
  return (id: string) => findings.find((finding) => finding.id === id);
};

describe("a switch that is going on", () => {
  it("is not dead because its vtctld's clock is behind: etcd's lease counts", async () => {
    const cluster = resharding("24.0.4");
    cluster.clock.advance(150_000);
    clockBehind(cluster, 600);
    const found = await scan(cluster);
    expect(found("topo-lock-stale@customer.c2")).toBeUndefined();
    expect(found(OUTAGE)).toMatchObject({
      state: "deferred",
      because: expect.stringMatching(/3 min by its lease.*clock skew of 10 min/),
    });
    const fixed = await operatorAt(cluster).write("fix topo-lock-stale@customer.c2 --yes");
    expect(fixed.code).not.toBe(0);
    expect(cluster.topology.global.etcd.get(namedLock(cluster))).not.toBeNull();
  });

  it("and one that its lease calls dead while its holder's clock calls it young is not surely dead", async () => {
    const cluster = resharding("24.0.4");
    cluster.clock.advance(1_000_000);
    clockBehind(cluster, -990);
    const found = await scan(cluster);
    expect(found("topo-lock-stale@customer.c2")).toMatchObject({
      state: "suspected",
      symptom: expect.stringMatching(/17 min by its lease.*clock skew/),
    });
    expect((await scan(cluster, " --settle 0"))(OUTAGE)?.state).toBe("suspected");
    const fixed = await operatorAt(cluster).write("fix topo-lock-stale@customer.c2 --yes");
    expect([fixed.code, fixed.err]).toEqual([4, expect.stringMatching(/is suspected/)]);
  });

  it.each([
    ["a Reshard", OUTAGE, () => resharding("19.0.10")],
    ["a MoveTables", DENIAL, () => moving("19.0.10")],
  ])(
    "has no lock any more after 30 s on Vitess 19 (%s), so only what outlasts a switch is dead",
    async (_, id, build) => {
      const cluster = build();
      cluster.clock.advance(60_000);
      expect((await scan(cluster, " --settle 0"))(id)?.state).toBe("suspected");
      expect((await scan(cluster))(id)).toMatchObject({
        state: "suspected",
        because:
          "seen twice, 30 s apart, and a moment of this kind may last 5 min: look so far apart with --settle 300s",
      });
      expect((await scan(cluster, " --settle 300s"))(id)?.state).toBe("confirmed");
    },
  );

  it.each([
    ["a Reshard", OUTAGE, () => resharding("19.0.10"), "customer"],
    ["a MoveTables", DENIAL, () => moving("19.0.10"), "customer"],
  ])(
    "that waits longer on Vitess 19 (%s) is deferred while it holds its keyspace's lock, and an outage once nobody does, which may still wait",
    async (_, id, build, keyspace) => {
      const cluster = build();
      const end = held(cluster, keyspace);
      cluster.clock.advance(20 * 60_000);
      expect((await scan(cluster))(id)).toMatchObject({
        state: "deferred",
        because: expect.stringMatching(/^SwitchWrites of vm is running/),
      });
      end();
      cluster.clock.advance(60_000);
      expect((await scan(cluster))(id)?.state).toBe("suspected");
      const found = (await scan(cluster, " --settle 300s"))(id);
      expect(found).toMatchObject({ state: "confirmed", cause: expect.stringMatching(/Or it still runs/) });
      expect(found?.repair.steps[0]).toMatch(/make sure that no `SwitchTraffic` of .* still runs/);
      if (id === OUTAGE) expect(found?.symptom).toMatch(/c2 died, or still waits, before its journal/);
    },
  );

  it("is deferred for as long as a longer lease lasts (--topo_etcd_lease_ttl), however old it is", async () => {
    const cluster = resharding("19.0.10");
    held(cluster, "customer", 900);
    for (const [seconds, state] of [
      [850, "deferred"],
      [100, "suspected"],
    ] as const) {
      cluster.clock.advance(seconds * 1000);
      expect([seconds, (await scan(cluster, " --settle 0"))(OUTAGE)?.state]).toEqual([seconds, state]);
    }
  });

  it.each([
    [
      "a Reshard",
      () => reshardingLab({ version: "19.0.10", rows: 20 }),
      (cluster: SimCluster) => switchAll(cluster, { keyspace: "customer", workflow: "c2" }),
    ],
    [
      "a MoveTables",
      () => beforeMove("19.0.10"),
      (cluster: SimCluster) => moveTablesSwitch(cluster, "moved", "c2"),
    ],
  ])(
    "of Vitess 19 (%s) is called dead after none of its effects, a minute later",
    async (_, build, begin) => {
      const effects = interrupt(begin(build()), Number.POSITIVE_INFINITY).effects;
      for (const [index, effect] of effects.entries()) {
        const cluster = build();
        interrupt(begin(cluster), index + 1);
        cluster.clock.advance(60_000);
        const { out } = await operatorAt(cluster).type("scan --format json");
        const { findings } = JSON.parse(out) as { findings: readonly Record<string, string>[] };
        const alarms = findings.filter(({ state, severity }) => state === "confirmed" && severity !== "info");
        expect([effect, ...alarms.map(({ id }) => id)]).toEqual([effect]);
      }
    },
  );

  it("that is dead is found out by scans a minute apart, each in one look but the first", async () => {
    const cluster = resharding("19.0.10");
    const state = emptyFolder();
    const told: unknown[] = [];
    for (let minute = 0; minute < 6; minute += 1) {
      const from = cluster.clock.now();
      const { code, out } = await operatorAt(cluster).type("scan --format json", {
        env: { XDG_STATE_HOME: state },
      });
      const { findings } = JSON.parse(out) as { findings: readonly { id: string; state: string }[] };
      told.push([code, findings.find(({ id }) => id === OUTAGE)?.state, cluster.clock.now() - from > 29_000]);
      cluster.clock.advance(60_000 - (cluster.clock.now() - from));
    }
    expect(told).toEqual([
      [3, "deferred", false],
      [3, "suspected", false],
      [3, "suspected", false],
      [3, "suspected", false],
      [3, "suspected", false],
      [1, "confirmed", false],
    ]);
  });

  it.each([
    ["a Reshard", OUTAGE, () => resharding("24.0.4")],
    ["a MoveTables", DENIAL, () => moving("24.0.4")],
  ])(
    "holds its named lock to its end since Vitess 21 (%s), so without one it is dead",
    async (_, id, build) => {
      const cluster = withoutNamedLock(build());
      cluster.clock.advance(150_000);
      expect((await scan(cluster))(id)?.state).toBe("confirmed");
    },
  );

  it("is not told by the absence of a lock where one tablet is older, or does not say how old it is", async () => {
    const cluster = withoutNamedLock(resharding("24.0.4"));
    cluster.clock.advance(150_000);
    const vars = cluster.reader.vars.bind(cluster.reader);
    for (const buildVersion of ["20.0.6", "21.0.0", ""]) {
      cluster.reader.vars = async (at) => {
        const seen = await vars(at);
        return seen.kind === "answered" && at.grpcPort === cluster.tablet("zone1-0000000300").grpcPort
          ? { ...seen, value: { ...seen.value, buildVersion } }
          : seen;
      };
      const seen = await scan(cluster, " --settle 0");
      expect([buildVersion, seen(OUTAGE)?.state]).toEqual([buildVersion, "suspected"]);
    }
  });

  it("defers what is found in its source keyspace, though its named lock lies under the target's", async () => {
    const cluster = moving("24.0.4");
    cluster.clock.advance(150_000);
    expect((await scan(cluster))(DENIAL)).toMatchObject({
      state: "deferred",
      because: expect.stringMatching(/WorkflowSwitchTraffic/),
    });
  });
});
