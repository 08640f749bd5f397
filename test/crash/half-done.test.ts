import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { halfCancelled } from "./half-done-scenes.js";
import { type Ending, killedAnywhere, liveThrough } from "./lives.js";
import { serversOf, stepIds, strangers } from "./repair.js";
import { runsFolder } from "./runs-folder.js";
import { planOf } from "./scene.js";
import { changed, imageOf, userRows } from "./world-image.js";

const runs = runsFolder();

describe(`the repair of ${halfCancelled.name}`, () => {
  let plan: Plan;
  let whole: Ending;
  let before: SimCluster;

  beforeAll(async () => {
    plan = await planOf(halfCancelled);
    before = halfCancelled.build();
    whole = await liveThrough(runs, halfCancelled, plan, []);
  });

  it("leaves streams of it only in the MySQL of the target that is down, and the source's own reference", () => {
    expect(whole.result.steps.map((step) => step.id)).toEqual(stepIds(plan));
    const left = [...whole.image.keys()].filter((name) => /^(stream|engine|copy|action) /.test(name));
    expect(left).toEqual([
      "stream zone1-0000000100 ref 1",
      "engine zone1-0000000100 ref 1",
      "stream zone1-0000000250 c2 1",
      "stream zone1-0000000250 ref 2",
    ]);
    for (const uid of [200, 300])
      expect(whole.cluster.tablet(`zone1-0000000${uid}`).mysql.data.sidecar.vdiffs).toEqual([]);
  });

  it("changes nothing but its write-set, and no row of the users", () => {
    expect(
      strangers(plan, imageOf(before, serversOf(plan)), whole.image, [
        "zone1-0000000201",
        "zone1-0000000301",
      ]),
    ).toEqual([]);
    expect(userRows(whole.cluster)).toEqual(userRows(before));
  });

  it("ends the same wherever its process is killed, and killed again", async () => {
    const instants = whole.fate.passed;
    expect(instants).toBeGreaterThan(40);
    for await (const { ending, where } of killedAnywhere(runs, halfCancelled, plan, instants)) {
      expect(ending.fate.killed, where).toBe(true);
      expect(changed(whole.image, ending.image), where).toEqual([]);
    }
  });
});
