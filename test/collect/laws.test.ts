import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect } from "../../src/collect/collect.js";
import { Random } from "../../src/sim/random.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import type { TopologyReader } from "../../src/topology/store.js";
import { addTablet, around, settingsOf, smallCluster, sourcesOf } from "./world.js";

const TIMES = new Set(["observed_at_ms", "observed_at", "time_updated", "time_heartbeat"]);

const withoutTimes = (facts: Facts): unknown =>
  JSON.parse(JSON.stringify(facts, (name, value: unknown) => (TIMES.has(name) ? undefined : value)));

describe("the facts", () => {
  it("do not depend on the order in which the answers come, nor on how many are asked at once", async () => {
    const cluster = smallCluster();
    for (let uid = 300; uid < 312; uid++) addTablet(cluster, "zone2", uid, "80-", uid === 300);
    cluster.topology.tablet({ cell: "zone2", uid: 305 }).delete();
    const expected = withoutTimes(await collect(sourcesOf(cluster), settingsOf(cluster)));
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 20 }), async (seed, concurrency) => {
        const random = new Random(seed);
        const tablets = around(cluster.reader, async (_, at, ask) => {
          await Promise.resolve();
          for (let turn = random.below(20); turn > 0; turn--) await Promise.resolve();
          return ask(at);
        });
        const facts = await collect(sourcesOf(cluster, { tablets }), settingsOf(cluster, { concurrency }));
        expect(withoutTimes(facts)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it("fit the snapshot's schema, and come out of it as they went in", async () => {
    const cluster = smallCluster({ mysqlCredentials: true });
    cluster.faults.hang("zone1-0000000100");
    cluster.topology.tablet({ cell: "zone2", uid: 101 }).delete();
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster, { askTables: true }));
    const snapshot = Snapshot.of(facts);
    const back = snapshot.facts();
    snapshot.close();
    expect(withoutTimes(back)).toEqual(withoutTimes(facts));
    expect(Object.keys(facts).sort()).toEqual(Object.keys(emptyFacts()).sort());
  });
});

describe("the load", () => {
  /** Calls of one scan of a cluster with so many tablets per shard: to etcd, and to each tablet. */
  const calls = async (replicas: number) => {
    const cluster = smallCluster();
    for (let uid = 300; uid < 300 + replicas; uid++) addTablet(cluster, "zone2", uid, "0", false);
    const etcd: string[] = [];
    const connect = (server: string): TopologyReader => {
      const reader = cluster.connect(server);
      const note = <T>(call: string, answer: T): T => {
        etcd.push(call);
        return answer;
      };
      return {
        server,
        status: () => note("status", reader.status()),
        range: (request) => note("range", reader.range(request)),
        get: (key, revision) => note("get", reader.get(key, revision)),
        lease: (id) => note("lease", reader.lease(id)),
        close: () => reader.close(),
      };
    };
    const tablets = new Map<string, number>();
    let flying = 0;
    let most = 0;
    const counting = around(cluster.reader, async (_, at, ask) => {
      const name = `${at.host}:${at.grpcPort}`;
      tablets.set(name, (tablets.get(name) ?? 0) + 1);
      most = Math.max(most, ++flying);
      const answer = await ask(at);
      flying--;
      return answer;
    });
    const settings = settingsOf(cluster, { concurrency: 8, historyBudget: 0 });
    await collect(sourcesOf(cluster, { connect, tablets: counting }), settings);
    return {
      etcd: etcd.length,
      mostPerTablet: Math.max(...tablets.values()),
      toTablets: [...tablets.values()].reduce((sum, count) => sum + count, 0),
      replica: tablets.get("127.0.0.1:16101"),
      most,
    };
  };

  it("on etcd grows with the cells and on a tablet with nothing", async () => {
    const [few, many] = [await calls(2), await calls(200)];
    expect(many.etcd).toBe(few.etcd);
    // Of each of three etcds: who it is, its keys twice, and how far back its history reaches.
    expect(few.etcd).toBeLessThanOrEqual(3 * 5);
    expect(many.mostPerTablet).toBe(few.mostPerTablet);
    expect(few.mostPerTablet).toBeLessThanOrEqual(11);
    expect(many.replica).toBe(4);
    expect(many.most).toBeLessThanOrEqual(8 * 7);
  });

  it("grows with the tablets, and with nothing else, from 100 of them to 1,000", async () => {
    const [few, many] = [await calls(100), await calls(1_000)];
    expect(many.etcd).toBe(few.etcd);
    expect(many.toTablets - few.toTablets).toBe(900 * (few.replica ?? 0));
    expect(many.most).toBeLessThanOrEqual(8 * 7);
  });
});
