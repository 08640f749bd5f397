import { once } from "node:events";
import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { Lab, labMissing, sleep } from "./lab/lab.js";
import { LONG } from "./lab/long.js";
import { records, savedPlan } from "./lab/plans.js";
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
      const fix = doctor.start("fix", "--plan", await savedPlan(doctor, "--all"), "--yes");
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
      const resumed = await doctor.write("resume", run ?? "", "--yes", "--format", "json");
      expect(resumed.code, resumed.stderr + resumed.stdout).toBe(0);
      expect(records(await lab.topologyKeys())).toEqual(before);
      for (const uid of [200, 300])
        expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
      expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(false);
      expect((await doctor.scan()).code).toBe(0);
    });
  }
});
