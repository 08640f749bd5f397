import { execute } from "../../src/apply/execute.js";
import { createRunFolder } from "../../src/apply/runs/run-folder-disk.js";
import { findRun, listRuns, pastRun } from "../../src/apply/runs/run-list.js";
import type { Plan } from "../../src/plan/plan.js";
import type { planUndo } from "../../src/plan/undo.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { doctorAt } from "../apply/sim-ports.js";
import { Fate, Killed, MortalFolder } from "./mortal.js";
import { owner } from "./repair.js";
import { judgedAt, type Scene, snapshotOf } from "./scene.js";

export const OPTIONS = { lockTimeoutMs: 45_000 };

/** Beyond the last instant of any run. */
export const NEVER = Number.POSITIVE_INFINITY;

/** Runs the work in a process that `fate` may kill; true: it lived. */
async function lives(cluster: SimCluster, fate: Fate, work: () => Promise<unknown>): Promise<boolean> {
  fate.rule(cluster);
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    cluster.disconnectAll();
    return false;
  } finally {
    cluster.effects.hook = {};
  }
}

/** A run of `plan` that is killed at its instant `killAt`; past its last one it lives. */
export async function runUntil(plan: Plan, cluster: SimCluster, dir: string, killAt: number): Promise<Fate> {
  const fate = new Fate(killAt);
  await lives(cluster, fate, async () => {
    const folder = new MortalFolder(createRunFolder(dir, plan, owner(1)), fate);
    await execute(plan, doctorAt(cluster), folder, OPTIONS);
    folder.close();
  });
  return fate;
}

/** The instant at which the first stream of the plan has been stopped, and nothing else was done. */
export async function afterFirstStop(scene: Scene, plan: Plan, dir: string): Promise<number> {
  const { instants } = await runUntil(plan, scene.build(), dir, NEVER);
  return instants.findIndex((at) => at.startsWith("after vreplicationExec")) + 1;
}

/** `planUndo` or `planPurge`. */
type Planner = typeof planUndo;

/** What follows a run of the folder `dir`, planned on what a scan sees now. */
export async function planAfter(
  planner: Planner,
  cluster: SimCluster,
  dir: string,
  run: string,
): Promise<Plan> {
  const snapshot = await snapshotOf(cluster);
  try {
    const shelf = listRuns(dir);
    const request = { command: `vtdoctor ${run}`, restoredTopologyConfirmed: false };
    const past = pastRun(shelf, findRun(shelf, dir, run));
    return planner(snapshot, past, request, {
      now: cluster.clock.now(),
      ids: () => "u1",
      judge: judgedAt(cluster.clock.now()),
    });
  } finally {
    snapshot.close();
  }
}
