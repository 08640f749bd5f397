import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { type Ending, killedAnywhere, liveThrough } from "./lives.js";
import { serversOf, stepIds, strangers } from "./repair.js";
import { RESIDUES } from "./residue-scenes.js";
import { runsFolder } from "./runs-folder.js";
import { planOf, type Residue } from "./scene.js";
import { changed, imageOf, userRows } from "./world-image.js";

const runs = runsFolder();

describe.each(RESIDUES)("the repair of $name", (scene: Residue) => {
  let plan: Plan;
  let whole: Ending;
  let before: SimCluster;

  beforeAll(async () => {
    plan = await planOf(scene);
    before = scene.build();
    whole = await liveThrough(runs, scene, plan, []);
  });

  it("comes to its end, and leaves nothing of it", () => {
    expect(whole.result.exit).toBe("ok");
    expect(whole.result.steps.map((step) => step.id)).toEqual(stepIds(plan));
    expect(scene.left(before)).not.toEqual([]);
    expect(scene.left(whole.cluster)).toEqual([]);
  });

  it("changes nothing but its write-set, and no row of the users", () => {
    expect(strangers(plan, imageOf(before, serversOf(plan)), whole.image)).toEqual([]);
    expect(userRows(whole.cluster)).toEqual(userRows(before));
  });

  it("ends the same wherever its process is killed, and killed again", async () => {
    const instants = whole.fate.passed;
    expect(instants).toBeGreaterThan(15);
    for await (const { ending, where } of killedAnywhere(runs, scene, plan, instants)) {
      expect(ending.fate.killed, where).toBe(true);
      expect(changed(whole.image, ending.image), where).toEqual([]);
      expect(scene.left(ending.cluster), where).toEqual([]);
    }
  });
});
