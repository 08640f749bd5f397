import { afterEach, describe, expect, it } from "vitest";
import { decodeSrvKeyspace } from "../../src/topology/records.js";
import { Doctor, firstLook, ids } from "./lab/doctor.js";
import { puttingBack } from "./lab/kept.js";
import { GLOBAL_ETCD, Lab, labMissing, sleep, TWO_CELLS, until, type Version } from "./lab/lab.js";
import { versions } from "./lab/long.js";
import { savedPlan } from "./lab/plans.js";
import { alsoPrinted, finding, ranAllOf, runAdvised, runNext, runPrinted } from "./lab/printed.js";
import { createReshard, insert, reshardCluster, running } from "./lab/reshard.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];
const COUNT = "select count(*) from customer";
const GRAPHS = [
  [GLOBAL_ETCD, "/vitess/zone1/keyspaces/customer/SrvKeyspace"],
  [22479, "/cells/two/keyspaces/customer/SrvKeyspace"],
] as const;

/** Waits until a query through vtgate gives this; its own view of the graph is a watch away. */
async function answers(lab: Lab, target: string, cell: string, rows: string): Promise<void> {
  let said = "";
  await until(`${target} to answer ${rows} in ${cell}`, 30_000, async () => {
    said = await lab.gate(target, COUNT, cell).catch(String);
    return said === rows;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; it said: ${said}`);
  });
}

/** Which shards each type goes to in a cell, what is disabled, and whether the throttler's settings are there. */
async function graphOf(lab: Lab, port: number, key: string) {
  const bytes = Buffer.from((await lab.topologyKeys(port)).get(key) ?? "", "base64");
  const record = decodeSrvKeyspace(bytes);
  if (record.kind === "unanswered") throw new Error(record.message);
  return {
    routes: record.value.partitions.map((one) => one.shardReferences.map(({ name }) => name).join()),
    disabled: record.value.partitions.flatMap((one) =>
      one.shardTabletControls.filter((control) => control.queryServiceDisabled).map(({ name }) => name),
    ),
    threshold: record.value.throttlerConfig?.threshold,
  };
}

const SERVING = /^(served-shard|writes-served|srvkeyspace|srvvschema)/;

/** S6: `Reshard cancel` of v24 after the replica reads were switched. */
describe.skipIf(labMissing() !== null)("S6, reads on emptied shards", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  async function cancelled(version: Version, ...flags: readonly string[]): Promise<Doctor> {
    lab = await Lab.up({ version, cells: TWO_CELLS });
    await reshardCluster(lab, { workflow: null, targets: { "-80": [200], "80-": [300] } });
    await Promise.all([
      lab.tablet(101, "customer", "0"),
      lab.tablet(102, "customer", "0"),
      lab.tablet(111, "customer", "0", "rdonly", "zone2"),
    ]);
    await lab.ctl("UpdateThrottlerConfig", "--enable", "--threshold", "7", "customer");
    await createReshard(lab, "customer", "c2", ["-80", "80-"]);
    await running(lab, [200, 300]);
    for (const cell of ["zone1", "zone2"]) await lab.startVtgate(cell);
    await answers(lab, "customer@replica", "zone1", "1000");
    await answers(lab, "customer@rdonly", "zone2", "1000");
    await lab.ctl("Reshard", ...NAME, "switchtraffic", "--tablet-types", "replica,rdonly");
    await lab.ctl("Reshard", ...NAME, "cancel", ...flags);
    return new Doctor(lab);
  }

  async function servedFromTheSource(): Promise<void> {
    for (const [port, key] of GRAPHS)
      expect(await graphOf(lab, port, key)).toEqual({
        routes: ["0", "0", "0"],
        disabled: [],
        threshold: 7,
      });
    await insert(lab, "customer", "customer", 5001, 1);
    await answers(lab, "customer@primary", "zone1", "1001");
    await answers(lab, "customer@replica", "zone1", "1001");
    await answers(lab, "customer@rdonly", "zone2", "1001");
  }

  // Before Vitess 22 a cancel refuses once reads are switched, or drops the shards.
  it.each(versions(["24"], "22"))(
    "v%s: is found while Validate is clean, and mended in both cells; no flag sends writes to the emptied shards",
    async (version) => {
      const doctor = await cancelled(version);
      expect(await lab.ctl("Validate")).toContain("no issues found");
      await expect(lab.gate("customer@replica", COUNT)).rejects.toThrow();

      const found = await doctor.scan();
      const id = "served-shard-without-tables@customer";
      const emptied = found.findings.find((one) => one.id === id);
      expect(emptied).toMatchObject({ severity: "critical", state: "confirmed" });
      expect(emptied?.evidence.map(({ source }) => source)).toEqual(
        expect.arrayContaining(GRAPHS.map(([, key]) => key)),
      );
      expect(ids(found, "confirmed").filter((one) => SERVING.test(one))).toEqual([id]);

      // One cell's graph is torn: what is advised makes it anew, and only then is the other cell's repaired.
      const [, graph] = GRAPHS[0];
      await puttingBack(lab, graph, async () => {
        await lab.etcdctl(GLOBAL_ETCD, "put", graph, "torn");
        const torn = await doctor.write("fix", id, "--yes");
        await runPrinted(doctor, "src/plan/guards/cell-routes", torn, "etcdctl del");
        await runPrinted(
          doctor,
          "src/plan/guards/cell-routes",
          torn,
          "vtctldclient RebuildKeyspaceGraph --cells",
        );
        expect((await graphOf(lab, ...GRAPHS[0])).routes).toEqual(["0", "0", "0"]);
      });

      const unasked = await doctor.write("fix", "--all", "--yes");
      expect([unasked.code, unasked.stderr]).toEqual([4, expect.stringContaining("class safe")]);
      await runAdvised(doctor, emptied, `vtdoctor fix ${id} --dry-run`, { code: 1 });
      await runNext(doctor, emptied, { more: "--yes" });
      await servedFromTheSource();
      expect(ids(await doctor.scan()).filter((one) => SERVING.test(one))).toEqual([]);

      // Somebody flags the emptied shards as serving: no writes are sent there, neither by --all nor by name.
      await lab.ctl("SetShardIsPrimaryServing", "customer/0", "false");
      for (const shard of ["-80", "80-"])
        await lab.ctl("SetShardIsPrimaryServing", `customer/${shard}`, "true");
      const seen = await firstLook(doctor);
      await doctor.scan("--settle", "30s");
      const drifts = GRAPHS.map((_, at) => `srvkeyspace-partition-drift@zone${at + 1}/customer`);
      // All there is takes out the controls that stop nothing, and leaves the routes alone as well.
      for (const [code, asked] of [
        [1, ["--all"]],
        [4, drifts],
      ] as const) {
        const drift = await doctor.write("fix", ...asked, "--yes", ...seen);
        expect([drift.code, drift.stderr]).toEqual([code, expect.stringMatching(/-80 has no table/)]);
      }
      for (const [port, key] of GRAPHS)
        expect((await graphOf(lab, port, key)).routes).toEqual(["0", "0", "0"]);
      await lab.gate("customer@primary", "insert into customer(id, name) values (5002, 'after')");
    },
  );

  it("with --keep-data the reads are stale: found and mended as well, though one replica does not hear of it", async () => {
    const doctor = await cancelled("24", "--keep-data");
    await insert(lab, "customer", "customer", 4001, 1);
    await sleep(2000);
    const id = "served-shard-not-fed@customer";
    expect(ids(await doctor.scan(), "confirmed")).toContain(id);
    const plan = await savedPlan(doctor, id);
    const said = await finding(doctor, id);
    // One replica of the source does not hear that it may serve again: the others do, and reads go to them.
    lab.signal("vttablet-102", "SIGSTOP");
    const planned = await runNext(doctor, said, { more: "--dry-run", code: 1 });
    const fixed = await doctor.write("fix", "--plan", plan, "--yes");
    expect(fixed.code, fixed.stderr + fixed.stdout).toBe(0);
    expect(fixed.stderr + fixed.stdout).toMatch(
      /zone1-0000000102 .*did not answer .*RefreshState zone1-0000000102/,
    );
    await answers(lab, "customer@replica", "zone1", "1001");
    await answers(lab, "customer@rdonly", "zone2", "1001");
    lab.signal("vttablet-102", "SIGCONT");
    const log = `${fixed.stdout}\n${fixed.stderr}`.split("\n");
    const unheard = log.find((line) => line.includes("NOT refreshed")) ?? "";
    await runPrinted(doctor, "src/apply/steps/tablets", unheard, "vtctldclient RefreshState");
    alsoPrinted("src/plan/serving/refresh", planned, "vtctldclient RefreshState");
    expect(ids(await doctor.scan()).filter((one) => SERVING.test(one))).toEqual([]);
  });

  ranAllOf("serving");
});
