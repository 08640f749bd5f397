import { rmSync } from "node:fs";
import { join } from "node:path";
import { execute, resume } from "../../src/apply/execute.js";
import { intentsIn, planLeft, resultsIn } from "../../src/apply/runs/journal.js";
import { createRunFolder, openRunFolder } from "../../src/apply/runs/run-folder-disk.js";
import type { RunResult } from "../../src/apply/runs/run-result.js";
import { foreseenPlan } from "../../src/plan/assemble.js";
import { type Routed, routedOf } from "../../src/plan/foresight/compare.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { doctorAt } from "../apply/sim-ports.js";
import { Fate, Killed, MortalFolder } from "./mortal.js";
import { owner, serversOf } from "./repair.js";
import { judgedAt, type Scene, snapshotOf } from "./scene.js";
import { imageOf, type WorldImage } from "./world-image.js";

const OPTIONS = { lockTimeoutMs: 45_000 };
/** Beyond the last instant of any run. */
const NEVER = Number.POSITIVE_INFINITY;

export interface Ending {
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
export async function liveThrough(
  runs: string,
  scene: Pick<Scene, "build">,
  plan: Plan,
  kills: readonly number[],
): Promise<Ending> {
  rmSync(join(runs, plan.id), { recursive: true, force: true });
  const cluster = scene.build();
  const fates = [...kills, NEVER].map((killAt) => new Fate(killAt));
  for (const [index, fate] of fates.entries()) {
    const result = await liveOnce(runs, scene, cluster, plan, index + 1, fate);
    if (result === "killed") continue;
    cluster.clock.advance(120_000);
    return { result, image: imageOf(cluster, serversOf(plan)), cluster, fate: fates[0] ?? fate };
  }
  throw new Error("the process that was not killed did not come to an end");
}

/** Before the effect of a step that was begun, and after it. */
const TIMES = 2;

/** How often each plan was played from each place that it was left at. */
const played = new WeakMap<Plan, Map<string, number>>();
/** Where queries led before each plan. */
const ledBefore = new WeakMap<Plan, Routed>();

/** What is left of a run that was killed is foreseen to harm nobody, as its whole plan was. */
async function foreseeRest(
  runs: string,
  { build }: Pick<Scene, "build">,
  cluster: SimCluster,
  plan: Plan,
): Promise<void> {
  const folder = openRunFolder(runs, plan.id, owner(1));
  const records = folder.records();
  const done = resultsIn(records);
  folder.close();
  const known = played.get(plan) ?? new Map<string, number>();
  played.set(plan, known);
  const place = `${done.size} done, ${intentsIn(records).size} begun`;
  const times = known.get(place) ?? 0;
  known.set(place, times + 1);
  if (times >= TIMES) return;
  const begunOn = ledBefore.get(plan) ?? (await routedIn(build()));
  ledBefore.set(plan, begunOn);
  const snapshot = await snapshotOf(cluster);
  try {
    foreseenPlan(snapshot, planLeft(plan, records), judgedAt(cluster.clock.now()), { begunOn });
  } finally {
    snapshot.close();
  }
}

async function routedIn(cluster: SimCluster): Promise<Routed> {
  const snapshot = await snapshotOf(cluster);
  try {
    return routedOf(snapshot);
  } finally {
    snapshot.close();
  }
}

async function liveOnce(
  runs: string,
  scene: Pick<Scene, "build">,
  cluster: SimCluster,
  plan: Plan,
  pid: number,
  fate: Fate,
): Promise<RunResult | "killed"> {
  if (pid > 1) await foreseeRest(runs, scene, cluster, plan);
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

/** A process killed at each of the first life's instants in turn; every fifth time the one that resumes is killed as well. */
export async function* killedAnywhere(
  runs: string,
  scene: Pick<Scene, "build">,
  plan: Plan,
  instants: number,
): AsyncGenerator<{ readonly ending: Ending; readonly where: string }> {
  for (let killAt = 1; killAt <= instants; killAt++) {
    const kills = killAt % 5 === 0 ? [killAt, 2] : [killAt];
    const ending = await liveThrough(runs, scene, plan, kills);
    yield { ending, where: `killed ${ending.fate.at} (instants ${kills.join(", ")} of ${instants})` };
  }
}
