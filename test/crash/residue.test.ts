import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { type Ending, liveThrough } from "./lives.js";
import { serversOf, stepIds, writable } from "./repair.js";
import { RESIDUES, type Residue } from "./residue-scenes.js";
import { runsFolder } from "./runs-folder.js";
import { planOf } from "./scene.js";
import { changed, imageOf, userRows } from "./world-image.js";

const runs = runsFolder();

/** A replica follows its primary. */
const followed = (name: string): string => name.replace("zone1-0000000201", "zone1-0000000200");

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
    const strangers = changed(imageOf(before, serversOf(plan)), whole.image).filter(
      (name) => !writable(plan, name) && !writable(plan, followed(name)),
    );
    expect(strangers).toEqual([]);
    expect(userRows(whole.cluster)).toEqual(userRows(before));
  });

  it("ends the same wherever its process is killed, and killed again", async () => {
    const instants = whole.fate.passed;
    expect(instants).toBeGreaterThan(15);
    for (let killAt = 1; killAt <= instants; killAt++) {
      const kills = killAt % 5 === 0 ? [killAt, 2] : [killAt];
      const ending = await liveThrough(runs, scene, plan, kills);
      const where = `killed ${ending.fate.at} (instants ${kills.join(", ")} of ${instants})`;
      expect(ending.fate.killed, where).toBe(true);
      expect(changed(whole.image, ending.image), where).toEqual([]);
      expect(scene.left(ending.cluster), where).toEqual([]);
    }
  }, 120_000);
});
