import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { halfCancelled } from "./half-done-scenes.js";
import { type Ending, liveThrough } from "./lives.js";
import { serversOf, stepIds, writable } from "./repair.js";
import { planOf } from "./scene.js";
import { changed, imageOf, userRows } from "./world-image.js";

let runs: string;
beforeAll(() => {
  runs = mkdtempSync(join(tmpdir(), "vtdoctor-crash-"));
});
afterAll(() => rmSync(runs, { recursive: true, force: true }));

/** A replica follows its primary. */
const followed = (name: string): string => name.replace(/zone1-0000000(20|30)1/, "zone1-0000000$10");

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
    const strangers = changed(imageOf(before, serversOf(plan)), whole.image).filter(
      (name) => !writable(plan, name) && !writable(plan, followed(name)),
    );
    expect(strangers).toEqual([]);
    expect(userRows(whole.cluster)).toEqual(userRows(before));
  });

  it("ends the same wherever its process is killed, and killed again", async () => {
    const instants = whole.fate.passed;
    expect(instants).toBeGreaterThan(40);
    for (let killAt = 1; killAt <= instants; killAt++) {
      const kills = killAt % 5 === 0 ? [killAt, 2] : [killAt];
      const ending = await liveThrough(runs, halfCancelled, plan, kills);
      const where = `killed ${ending.fate.at} (instants ${kills.join(", ")} of ${instants})`;
      expect(ending.fate.killed, where).toBe(true);
      expect(changed(whole.image, ending.image), where).toEqual([]);
    }
  }, 300_000);
});
