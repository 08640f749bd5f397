import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { operatorAt } from "./harness.js";

const TARGETS = ["zone1-0000000200", "zone1-0000000300"];
const RESUMED = "cancelled-stream-resumed@customer/-80/c3";

/** The targets of c2, which Vitess 19's own cancel dropped, are back and empty, and their next stream gets id 1 again. */
const restored = async (): Promise<SimCluster> => {
  const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
  cluster.clock.advance(600_000);
  cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
  cluster.clock.advance(60_000);
  const orphans = ["-80", "80-"].map((shard) => `shard-missing-live-tablets@customer/${shard}`);
  const fixed = await operatorAt(cluster).write(`fix ${orphans.join(" ")} --yes`);
  expect(fixed.code, fixed.err).toBe(0);
  for (const alias of TARGETS) {
    const { data } = cluster.tablet(alias).mysql;
    data.sidecar.next.vreplication = 1;
    data.databases.get("vt_customer")?.clear();
  }
  return cluster;
};

const reshard = (cluster: SimCluster): void => {
  const workflow = { keyspace: "customer", workflow: "c3", sources: ["0"], targets: ["-80", "80-"] };
  cluster.run(reshardCreate(cluster, workflow));
  cluster.clock.advance(5_000);
};

/** What MySQL's host calls the moment in which the streams were made. */
const born = (cluster: SimCluster, at: number): void => {
  for (const alias of TARGETS) {
    const { sidecar } = cluster.tablet(alias).mysql.data;
    sidecar.log = sidecar.log.map((row) => ({ ...row, createdAt: at }));
  }
};

const found = async (cluster: SimCluster, scan: string) => {
  const { out } = await operatorAt(cluster).type(`${scan} --format json`);
  return (JSON.parse(out) as { findings: { id: string; state: string; because: string }[] }).findings;
};

describe("a new Reshard onto shards that a cancel had dropped once", () => {
  it("is not the cancelled one, though its streams have the ids of that", async () => {
    const cluster = await restored();
    cluster.clock.advance(300_000);
    reshard(cluster);
    const { log, vreplication } = cluster.tablet("zone1-0000000200").mysql.data.sidecar;
    const births = log.filter(({ type }) => type === "Stream Created");
    expect([births.map(({ vreplId }) => vreplId), vreplication.map(({ id }) => id)]).toEqual([
      ["1", "1"],
      ["1"],
    ]);
    expect((await found(cluster, "scan --settle 31s")).map(({ id }) => id)).toEqual([]);
  });

  it("is never surely the cancelled one where only the clocks of two hosts say so", async () => {
    const cluster = await restored();
    reshard(cluster);
    const lock = await cancelledAt(cluster);
    born(cluster, lock - 59);
    for (const scan of ["scan", "scan --settle 31s"]) {
      const resumed = (await found(cluster, scan)).find(({ id }) => id === RESUMED);
      expect(resumed).toMatchObject({
        state: "suspected",
        because: expect.stringMatching(/clocks of two hosts/),
      });
    }
    const refused = await operatorAt(cluster).write(`fix ${RESUMED} --settle 31s --yes`);
    expect([refused.code, refused.out + refused.err]).toEqual([4, expect.stringMatching(/is suspected/)]);
    expect(cluster.tablet("zone1-0000000200").mysql.data.sidecar.vreplication).toHaveLength(1);

    born(cluster, lock - 60);
    const older = (await found(cluster, "scan")).find(({ id }) => id === RESUMED);
    expect(older?.state).toBe("confirmed");
  });
});

it("a Reshard that was half cancelled within a minute of its birth is not surely that one", async () => {
  const halfCancelled = (ageMs: number): SimCluster => {
    const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
    cluster.clock.advance(ageMs);
    const operation = reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 });
    while (cluster.topology.shard("customer", "-80").get() !== null)
      if (operation.next().done) throw new Error("the cancel never dropped -80");
    cluster.clock.advance(900_000);
    return cluster;
  };
  for (const [ageMs, state] of [
    [0, "suspected"],
    [60_000, "confirmed"],
  ] as const) {
    const half = (await found(halfCancelled(ageMs), "scan --settle 31s")).find(
      ({ id }) => id === "workflow-half-cancelled@customer/c2",
    );
    expect(half?.state).toBe(state);
  }
});

/** When the cancel took its lock, by vtctld's clock. */
const cancelledAt = async (cluster: SimCluster): Promise<number> => {
  const sql = "SELECT/**/lock_taken_at/**/FROM/**/deletion/**/WHERE/**/kind='shard'";
  const { out } = await operatorAt(cluster).type(`query ${sql} --format json`);
  const [row] = (JSON.parse(out) as { rows: { lock_taken_at: string }[] }).rows;
  return Number(row?.lock_taken_at);
};
