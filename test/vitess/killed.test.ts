import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { Lab, labMissing, sleep } from "./lab/lab.js";
import { LONG } from "./lab/long.js";
import { records, savedPlan } from "./lab/plans.js";
import { ranAllOf, runPrinted } from "./lab/printed.js";
import { reshardCluster, running, stillArrives } from "./lab/reshard.js";

/** Of ten; CI plays four, the first and the last among them. */
const INSTANTS = LONG ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [0, 3, 6, 9];

/** S13: the repair of the seed is killed for real at instants of its whole length; `resume` in a new process ends as the uninterrupted run. */
describe.skipIf(labMissing() !== null)("S13, killed", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** The n-th of the instants spread over a whole run (two waits of 5 s, and what is between), in ms after its folder appeared. */
  const instant = (n: number) => 150 + n * 950;

  for (const n of INSTANTS) {
    it(`SIGKILL ${instant(n)} ms into the run, then resume`, async () => {
      lab = await Lab.up({ version: "19" });
      await reshardCluster(lab);
      await running(lab, [200, 300]);
      const before = records(await lab.topologyKeys());
      await lab.ctl("Reshard", "--workflow", "c2", "--target-keyspace", "customer", "cancel");
      const doctor = new Doctor(lab);
      const plan = n > 0 ? await savedPlan(doctor, "--all") : await planAsPrinted(doctor);
      const fix = doctor.start("fix", "--plan", plan, "--yes");
      const ended = once(fix, "exit");
      let run: string | undefined;
      while (run === undefined && fix.exitCode === null) {
        run = readdirSync(doctor.runDir)[0];
        if (run === undefined) await sleep(10);
      }
      expect(run).toBeDefined();
      await sleep(instant(n));
      fix.kill("SIGKILL");
      expect(await ended).toEqual([null, "SIGKILL"]);
      const missing = await doctor.write("resume", `${run}x`, "--yes");
      const listed = await runPrinted(doctor, "src/apply/runs/run-folder-disk", missing, "vtdoctor runs");
      expect(listed.stdout).toContain(run);
      const again = await doctor.write("fix", "--plan", plan, "--yes");
      expect(again.code, again.stderr).toBe(4);
      await runPrinted(doctor, "src/apply/runs/run-folder-disk", again, "vtdoctor resume", { more: "--yes" });
      expect(records(await lab.topologyKeys())).toEqual(before);
      for (const uid of [200, 300])
        expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
      expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(false);
      expect((await doctor.scan()).code).toBe(0);
      if (n === 0) await leftAlone(doctor);
    });
  }

  /** A plan and a snapshot as those say to make them who were given something else. */
  async function planAsPrinted(doctor: Doctor): Promise<string> {
    const [other, plan, snapshot] = ["other.json", "plan.json", "look.sqlite"].map((name) =>
      join(lab.dir, name),
    ) as [string, string, string];
    writeFileSync(other, '{"findings":[]}');
    const noSnapshot = await doctor.run("query", "--snapshot", other, "SELECT alias FROM tablet");
    await runPrinted(doctor, "src/snapshot/file", noSnapshot, "vtdoctor scan --save-snapshot", {
      values: { FILE: snapshot },
      code: 1,
    });
    const read = await doctor.run("query", "--snapshot", snapshot, "SELECT shard FROM live_tablet");
    expect(read.stdout, read.stderr).toContain("80-");
    const noPlan = await doctor.write("fix", "--plan", other, "--yes");
    await runPrinted(doctor, "src/plan/saved-plan", noPlan, "vtdoctor fix", {
      values: { FILE: plan },
      code: 1,
    });
    return plan;
  }

  /** Information that has no repair: what a person can do is explained. */
  async function leftAlone(doctor: Doctor): Promise<void> {
    const said = await doctor.write("fix", "--all", "--yes");
    expect(said.code, said.stderr).toBe(0);
    const id = "cancelled-workflow-target-residue";
    const [full = ""] = new RegExp(`${id}@\\S+?(?=,|\\s|$)`).exec(said.stdout) ?? [];
    const explained = await runPrinted(doctor, "src/plan/fix", said, "vtdoctor explain", {
      values: { FINDING: full },
    });
    expect(explained.stdout).toMatch(/^Repair$/m);
  }

  ranAllOf("killed");
});
