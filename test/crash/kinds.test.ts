import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readPlan, writePlan } from "../../src/apply/runs/plan-file.js";
import type { Plan } from "../../src/plan/plan.js";
import { planPurge } from "../../src/plan/purge.js";
import { KINDS } from "../../src/plan/steps/index.js";
import { planUndo } from "../../src/plan/undo.js";
import { halfCancelled } from "./half-done-scenes.js";
import { afterFirstStop, NEVER, planAfter, runUntil } from "./later-runs.js";
import { REPAIRS, UNDONE } from "./repair-scenes.js";
import { RESIDUES } from "./residue-scenes.js";
import { runsFolder } from "./runs-folder.js";
import { planOf, running, type Scene } from "./scene.js";

const runs = runsFolder();

const freshRuns = (): string => {
  rmSync(runs, { recursive: true, force: true });
  return runs;
};

async function following(scene: Scene, planner: typeof planUndo, isCutShort = false): Promise<Plan> {
  const plan = await planOf(scene);
  const cluster = scene.build();
  const dies = isCutShort ? await afterFirstStop(scene, plan, freshRuns()) : NEVER;
  await runUntil(plan, cluster, freshRuns(), dies);
  cluster.clock.advance(60_000);
  return planAfter(planner, cluster, runs, plan.id);
}

it("every kind of step is in a plan whose run is killed at every instant, and comes back from a file as it was", async () => {
  const plans = [await following(running, planPurge), await following(running, planUndo, true)];
  for (const scene of [...REPAIRS, ...RESIDUES, halfCancelled]) plans.push(await planOf(scene));
  for (const scene of UNDONE) plans.push(await following(scene, planUndo));
  const killed = new Set(
    plans.flatMap(({ stages }) => stages).flatMap(({ steps }) => steps.map(({ kind }) => kind)),
  );
  expect([...killed].sort()).toEqual(Object.keys(KINDS).sort());
  const file = join(runs, "plan.json");
  for (const plan of plans) {
    writePlan(file, plan);
    expect(readPlan(file)).toEqual(plan);
  }
});

it("a kind of step that names a key says what it must be", () => {
  const named = Object.entries(KINDS).filter(([, { fields }]) => "key" in fields || "keys" in fields);
  expect(named.filter(([, declared]) => !("keys" in declared)).map(([name]) => name)).toEqual([]);
});
