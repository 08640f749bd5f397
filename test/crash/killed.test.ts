import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { type Ending, liveThrough as liveIn } from "./lives.js";
import { serversOf, stepIds, strangers } from "./repair.js";
import { REPAIRS } from "./repair-scenes.js";
import { runsFolder } from "./runs-folder.js";
import { planOf, purged, type Scene } from "./scene.js";
import { changed, imageOf, userRows } from "./world-image.js";

const runs = runsFolder();

const liveThrough = (scene: Scene, plan: Plan, kills: readonly number[]): Promise<Ending> =>
  liveIn(runs, scene, plan, kills);

describe.each(REPAIRS)("the repair of $name", (scene: Scene) => {
  let plan: Plan;
  let whole: Ending;
  let before: SimCluster;

  beforeAll(async () => {
    plan = await planOf(scene);
    before = scene.build();
    whole = await liveThrough(scene, plan, []);
  });

  it("comes to its end, and every step was done", () => {
    expect(whole.result.exit).toBe("ok");
    expect(whole.result.steps.map((step) => step.id)).toEqual(stepIds(plan));
    expect(whole.image.size).toBeGreaterThan(0);
    expect([...whole.image.keys()].filter((name) => /^(stream|engine) .* c2 /.test(name))).toEqual([]);
  });

  it("changes nothing but its write-set", () => {
    expect(strangers(plan, imageOf(before, serversOf(plan)), whole.image)).toEqual([]);
  });

  it("leaves no lock", () => {
    const locks = serversOf(plan).flatMap((server) => whole.cluster.server(server).range("/"));
    expect(locks.filter(({ key }) => key.includes("/locks/"))).toEqual([]);
  });

  it("keeps every row of the users, unless it was asked to purge", () => {
    if (scene === purged) return;
    expect(userRows(whole.cluster)).toEqual(userRows(before));
  });

  const different = ({ image }: Ending): readonly string[] =>
    changed(whole.image, image).filter((name) => !(scene.timed?.test(name) && image.has(name)));

  it("ends the same wherever its process is killed", async () => {
    const instants = whole.fate.passed;
    expect(instants).toBeGreaterThan(20);
    for (let killAt = 1; killAt <= instants; killAt++) {
      const ending = await liveThrough(scene, plan, [killAt]);
      expect(ending.fate.killed, `instant ${killAt} was reached`).toBe(true);
      const where = `killed ${ending.fate.at} (instant ${killAt} of ${instants})`;
      expect(different(ending), where).toEqual([]);
      expect(
        ending.result.steps.map((step) => step.id),
        where,
      ).toEqual(whole.result.steps.map((step) => step.id));
      if (scene !== purged) expect(userRows(ending.cluster), where).toEqual(userRows(before));
      expect(existsSync(join(runs, plan.id, "executor.lock")), where).toBe(false);
    }
  });

  it("ends the same when the processes that resume it are killed as well", async () => {
    const instant = fc.integer({ min: 1, max: whole.fate.passed });
    await fc.assert(
      fc.asyncProperty(fc.array(instant, { minLength: 2, maxLength: 4 }), async (kills) => {
        const ending = await liveThrough(scene, plan, kills);
        expect(different(ending)).toEqual([]);
        if (scene !== purged) expect(userRows(ending.cluster)).toEqual(userRows(before));
      }),
      { numRuns: 10 },
    );
  });
});
