import { afterEach, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing } from "./lab/lab.js";
import { WATCH } from "./lab/long.js";
import { createReshard, elect, reshardCluster, running } from "./lab/reshard.js";

/** The target shards leave with the cancel, or stay: new tablets of the same ranges take the next Reshard either way. */
describe.skipIf(labMissing() !== null)("cancel --retire-targets", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const RANGES = ["-80", "80-"] as const;
  const added = async (...uids: readonly [number, number]): Promise<void> => {
    await Promise.all(RANGES.map((shard, at) => lab.tablet(uids[at] ?? 0, "customer", shard)));
    for (const [at, shard] of RANGES.entries()) await elect(lab, "customer", shard, uids[at] ?? 0);
  };
  const traffic = (verb: "switchtraffic" | "reversetraffic") =>
    lab.ctl(
      ...["Reshard", "--workflow", "c3", "--target-keyspace", "customer", verb],
      ...["--tablet-types", "replica,rdonly"],
    );
  /** What SrvKeyspace says of them. */
  const named = async (): Promise<boolean> => /-80|80-/.test(await lab.ctl("GetSrvKeyspaces", "customer"));

  /** How their vttablets end, and whom a supervisor would start again. */
  const ways: Readonly<Record<"19" | "24", () => Promise<readonly string[]>>> = {
    "19": async () => ["--unsupervised"],
    "24": async () => {
      await lab.supervise(201);
      return ["--hooks.stopTablet", `${lab.stopProgram()} {alias}`];
    },
  };

  for (const version of ["19", "24"] as const)
    it(`Vitess ${version}: with it and without it the next Reshard onto new tablets of the same ranges is accepted`, async () => {
      lab = await Lab.up({ version });
      await reshardCluster(lab);
      await running(lab, [200, 300]);
      const doctor = new Doctor(lab);
      const kept = await doctor.write("cancel", "customer.c2", "--yes");
      expect(kept.code, kept.stdout + kept.stderr).toBe(0);
      for (const uid of [200, 201, 300]) expect(lab.alive(`vttablet-${uid}`), String(uid)).toBe(true);
      await added(400, 500);
      await createReshard(lab, "customer", "c3", RANGES);
      await running(lab, [400, 500], "c3");

      const how = await ways[version]();
      // v19 takes reads back only by a workflow whose writes were switched too.
      if (version === "24") {
        await traffic("switchtraffic");
        await traffic("reversetraffic");
        expect(await named()).toBe(true);
      }
      const rules = { rules: [{ from_keyspace: "legacy", to_keyspace: "customer", shard: "-80" }] };
      await lab.ctl("ApplyShardRoutingRules", "--rules", JSON.stringify(rules));
      const retire = () =>
        doctor.write("cancel", "customer.c3", "--retire-targets", ...how, ...WATCH, "--yes");
      const led = await retire();
      expect([led.code, led.stderr]).toEqual([
        4,
        expect.stringContaining("the shard routing rule of legacy/-80 leads to customer/-80"),
      ]);
      await lab.ctl("ApplyShardRoutingRules", "--rules", '{"rules":[]}');
      const done = await retire();
      expect(done.code, done.stdout + done.stderr).toBe(0);

      for (const uid of [200, 201, 300, 400, 500])
        expect(lab.alive(`vttablet-${uid}`), `vttablet ${uid}`).toBe(false);
      const held =
        "select count(distinct table_schema) from information_schema.tables where table_schema like 'vtdoctor\\\\_hold\\\\_%'";
      for (const uid of [400, 500]) {
        expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
        expect(await lab.sql(uid, held)).toBe("2");
      }
      const keys = [...(await lab.topologyKeys()).keys()];
      expect(keys.filter((key) => /-80|80-|zone1-0000000[2345]/.test(key))).toEqual([]);
      expect(await named()).toBe(false);
      const after = await doctor.scan();
      // What a switch leaves that was taken back, until somebody rebuilds the graph.
      const controls = version === "24" ? ["tablet-controls-lingering@zone1/customer"] : [];
      expect([after.code, ids(after)]).toEqual([0, controls]);
      await lab.ctl("RebuildKeyspaceGraph", "customer");
      const again = await doctor.write(
        "cancel",
        "customer.c3",
        "--retire-targets",
        "--unsupervised",
        "--yes",
      );
      expect([again.code, again.stderr]).toEqual([
        2,
        expect.stringContaining("--retire-targets retires none"),
      ]);

      await added(600, 700);
      await createReshard(lab, "customer", "c4", RANGES);
      await running(lab, [600, 700], "c4");
      if (version === "19") return;
      const alone = ["--retire-targets", "--unsupervised", ...WATCH, "--yes"];
      const left = await doctor.write("cancel", "customer.c4", ...alone);
      expect(left.code, left.stdout + left.stderr).toBe(0);
      for (const uid of [600, 700]) expect(lab.alive(`vttablet-${uid}`), `vttablet ${uid}`).toBe(false);
    });
});
