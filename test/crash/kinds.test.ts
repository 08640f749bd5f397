import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readPlan, writePlan } from "../../src/apply/runs/plan-file.js";
import type { Plan } from "../../src/plan/plan.js";
import { planPurge } from "../../src/plan/purge.js";
import { RECORDS } from "../../src/plan/records/record-registry.js";
import { KINDS, type StepOf } from "../../src/plan/steps/index.js";
import { planUndo } from "../../src/plan/undo.js";
import { halfCancelled } from "./half-done-scenes.js";
import { afterFirstStop, NEVER, planAfter, runUntil } from "./later-runs.js";
import { returnedRetired } from "./leaving-scenes.js";
import { REPAIRS, UNDONE } from "./repair-scenes.js";
import { halfServed, RESIDUES } from "./residue-scenes.js";
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

const namesOf = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

const formOf = ({ modRevision, before, after }: StepOf<"record.write">): string => {
  if (modRevision === null) return "follows";
  if (before === null) return "creates";
  return after === null ? "deletes" : "edits";
};

it("every kind of step, and a write of every type of record, is in a plan whose run is killed at every instant, and comes back from a file as it was", async () => {
  const plans = [await following(running, planPurge), await following(running, planUndo, true)];
  for (const scene of [...REPAIRS, ...RESIDUES, halfCancelled]) plans.push(await planOf(scene));
  for (const scene of [...UNDONE, returnedRetired, halfServed]) plans.push(await following(scene, planUndo));
  const killed = plans.flatMap(({ stages }) => stages).flatMap(({ steps }) => steps);
  expect(namesOf(killed.map(({ kind }) => kind))).toEqual(namesOf(Object.keys(KINDS)));
  const writes = killed.filter((step) => step.kind === "record.write");
  expect(namesOf(writes.map(({ record }) => record.kind))).toEqual(namesOf(Object.keys(RECORDS)));
  expect(namesOf(writes.map(formOf))).toEqual(["creates", "deletes", "edits", "follows"]);
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
