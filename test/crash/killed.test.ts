import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../src/apply/execute.js";
import { resume } from "../../src/apply/resume.js";
import { createRunFolder, openRunFolder } from "../../src/apply/run-folder-disk.js";
import type { RunResult } from "../../src/apply/run-result.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { doctorAt } from "../apply/sim-world.js";
import { retired, returned } from "./leaving-scenes.js";
import { Fate, Killed, MortalFolder } from "./mortal.js";
import { owner, serversOf, stepIds, writable } from "./repair.js";
import { copying, moving, orphaned, planOf, purged, running, type Scene } from "./scene.js";
import { halted, misrouted } from "./serving-scenes.js";
import { changed, imageOf, userRows, type WorldImage } from "./world-image.js";

const OPTIONS = { lockTimeoutMs: 45_000 };
/** Beyond the last instant of any run. */
const NEVER = Number.POSITIVE_INFINITY;

let runs: string;
beforeAll(() => {
  runs = mkdtempSync(join(tmpdir(), "vtdoctor-crash-"));
});
afterAll(() => rmSync(runs, { recursive: true, force: true }));

interface Ending {
  readonly result: RunResult;
  readonly image: WorldImage;
  readonly cluster: SimCluster;
  /** Of the first process. */
  readonly fate: Fate;
}

/**
 * Executes the plan in a process that is killed at instant `kills[0]`, resumes it in one that is killed at its instant `kills[1]`, and
 * so on; the one after the last lives.
 */
async function liveThrough(scene: Scene, plan: Plan, kills: readonly number[]): Promise<Ending> {
  rmSync(join(runs, plan.id), { recursive: true, force: true });
  const cluster = scene.build();
  const fates = [...kills, NEVER].map((killAt) => new Fate(killAt));
  for (const [index, fate] of fates.entries()) {
    const result = await liveOnce(cluster, plan, index + 1, fate);
    if (result === "killed") continue;
    cluster.clock.advance(120_000);
    return { result, image: imageOf(cluster, serversOf(plan)), cluster, fate: fates[0] ?? fate };
  }
  throw new Error("the process that was not killed did not come to an end");
}

async function liveOnce(
  cluster: SimCluster,
  plan: Plan,
  pid: number,
  fate: Fate,
): Promise<RunResult | "killed"> {
  fate.rule(cluster);
  const doctor = doctorAt(cluster, `doctor-${pid}`);
  try {
    const folder = new MortalFolder(
      pid === 1 ? createRunFolder(runs, plan, owner(pid)) : openRunFolder(runs, plan.id, owner(pid)),
      fate,
    );
    const result =
      pid === 1 ? await execute(plan, doctor, folder, OPTIONS) : await resume(folder, doctor, OPTIONS);
    folder.close();
    return result;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    cluster.disconnectAll();
    return "killed";
  }
}

/** A replica follows its primary: what the plan does to 200 happens to 201 as well. */
const followed = (name: string): string => name.replace("zone1-0000000201", "zone1-0000000200");

describe.each([orphaned, running, purged, copying, moving, misrouted, halted, retired, returned])(
  "the repair of $name",
  (scene: Scene) => {
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
      const strangers = changed(imageOf(before, serversOf(plan)), whole.image).filter(
        (name) => !writable(plan, name) && !writable(plan, followed(name)),
      );
      expect(strangers).toEqual([]);
    });

    it("leaves no lock", () => {
      const locks = serversOf(plan).flatMap((server) => whole.cluster.server(server).range("/"));
      expect(locks.filter(({ key }) => key.includes("/locks/"))).toEqual([]);
    });

    it("keeps every row of the users, unless it was asked to purge", () => {
      if (scene === purged) return;
      expect(userRows(whole.cluster)).toEqual(userRows(before));
    });

    it("ends the same wherever its process is killed", async () => {
      const instants = whole.fate.passed;
      expect(instants).toBeGreaterThan(20);
      for (let killAt = 1; killAt <= instants; killAt++) {
        const ending = await liveThrough(scene, plan, [killAt]);
        expect(ending.fate.killed, `instant ${killAt} was reached`).toBe(true);
        const where = `killed ${ending.fate.at} (instant ${killAt} of ${instants})`;
        expect(changed(whole.image, ending.image), where).toEqual([]);
        expect(
          ending.result.steps.map((step) => step.id),
          where,
        ).toEqual(whole.result.steps.map((step) => step.id));
        if (scene !== purged) expect(userRows(ending.cluster), where).toEqual(userRows(before));
        expect(existsSync(join(runs, plan.id, "executor.lock")), where).toBe(false);
      }
    }, 120_000);

    it("ends the same when the processes that resume it are killed as well", async () => {
      const instant = fc.integer({ min: 1, max: whole.fate.passed });
      await fc.assert(
        fc.asyncProperty(fc.array(instant, { minLength: 2, maxLength: 4 }), async (kills) => {
          const ending = await liveThrough(scene, plan, kills);
          expect(changed(whole.image, ending.image)).toEqual([]);
          if (scene !== purged) expect(userRows(ending.cluster)).toEqual(userRows(before));
        }),
        { numRuns: 10 },
      );
    }, 60_000);
  },
);
