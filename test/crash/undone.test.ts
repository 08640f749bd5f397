import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../src/apply/execute.js";
import { resume } from "../../src/apply/resume.js";
import { createRunFolder, openRunFolder } from "../../src/apply/run-folder-disk.js";
import { pastRun, readShelf, shelvedRun } from "../../src/apply/run-shelf.js";
import { DEFAULT_LIMITS } from "../../src/plan/context.js";
import type { Plan } from "../../src/plan/plan.js";
import { planUndo } from "../../src/plan/undo.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { doctorAt } from "../apply/sim-world.js";
import { Fate, Killed, MortalFolder } from "./mortal.js";
import { owner, serversOf, start, writable } from "./repair.js";
import { runsFolder } from "./runs-folder.js";
import { copying, moving, planOf, running, type Scene, snapshotOf } from "./scene.js";
import { changed, imageOf, userRows, type WorldImage } from "./world-image.js";

const OPTIONS = { lockTimeoutMs: 45_000 };

const runs = runsFolder();

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

const freshRuns = (): string => {
  rmSync(join(runs, "now"), { recursive: true, force: true });
  return join(runs, "now");
};

/** A run of `plan` that is killed at its instant `killAt`; past its last one it lives. */
async function runUntil(plan: Plan, cluster: SimCluster, dir: string, killAt: number): Promise<Fate> {
  const fate = new Fate(killAt);
  await lives(cluster, fate, async () => {
    const folder = new MortalFolder(createRunFolder(dir, plan, owner(1)), fate);
    await execute(plan, doctorAt(cluster), folder, OPTIONS);
    folder.close();
  });
  return fate;
}

async function undoPlan(cluster: SimCluster, dir: string, run: string): Promise<Plan> {
  const snapshot = await snapshotOf(cluster);
  try {
    const shelf = readShelf(dir);
    const request = {
      ...DEFAULT_LIMITS,
      command: `vtdoctor undo ${run}`,
      restoredTopologyConfirmed: false,
    };
    const past = pastRun(shelf, shelvedRun(shelf, dir, run));
    return planUndo(snapshot, past, request, { now: cluster.clock.now(), ids: () => "u1" });
  } finally {
    snapshot.close();
  }
}

const later = (cluster: SimCluster, plan: Plan): WorldImage => {
  cluster.clock.advance(120_000);
  return imageOf(cluster, serversOf(plan));
};

/** Deleted streams do not come back. */
const isFinal = (name: string): boolean => /^(stream|engine|copy|action) /.test(name);

describe.each([running, moving, copying])("the undo of the cancel of $name", (scene: Scene) => {
  let plan: Plan;
  let before: WorldImage;
  let rows: readonly string[];

  beforeAll(async () => {
    plan = await planOf(scene);
    const cluster = scene.build();
    rows = userRows(cluster);
    before = later(cluster, plan);
  });

  const addsKeys = (): boolean =>
    plan.stages.some(({ steps }) => steps.some((step) => step.kind === "keys.export" && step.apply));

  /** What differs from before and has a way back: keys that were added to kept tables stay. */
  const lasting = (after: WorldImage): readonly string[] =>
    changed(before, after).filter((name) => !isFinal(name) && !(addsKeys() && name.startsWith("table ")));

  it("ends as before, wherever the run was killed, but for streams that it had deleted", async () => {
    const { instants } = await runUntil(plan, scene.build(), freshRuns(), Number.POSITIVE_INFINITY);
    expect(instants.length).toBeGreaterThan(50);
    for (const [index, at] of [...instants, "after its end"].entries()) {
      const killAt = index + 1;
      const cluster = scene.build();
      const dir = freshRuns();
      await runUntil(plan, cluster, dir, killAt);
      const where = `killed at ${killAt}: ${at}`;
      const begun = readShelf(dir).runs[0];
      if (begun === undefined) continue;
      cluster.clock.advance(60_000);
      const undo = await undoPlan(cluster, dir, plan.id);
      const deletes = begun.records.some(
        (record) => record.kind === "intent" && record.does === "stream.delete",
      );
      if (!deletes) expect(undo.blocked, where).toEqual([]);
      const folder = createRunFolder(dir, undo, owner(2));
      await execute(undo, doctorAt(cluster, "doctor-2"), folder, OPTIONS);
      folder.close();
      const after = later(cluster, plan);
      expect(lasting(after), where).toEqual([]);
      if (!deletes)
        expect(
          changed(before, after).filter((name) => /^(stream|engine) /.test(name)),
          where,
        ).toEqual([]);
      expect(userRows(cluster), where).toEqual(rows);
      if (killAt % 10 === 0) expect((await undoPlan(cluster, dir, plan.id)).stages, where).toEqual([]);
    }
  }, 120_000);

  it("ends the same wherever it is killed itself, and is resumed", async () => {
    const whole = scene.build();
    const dir = freshRuns();
    expect(await start(dir, plan, whole)).toMatchObject({ kind: "ended" });
    whole.clock.advance(60_000);
    const undo = await undoPlan(whole, dir, plan.id);
    if (undo.stages.length === 0) return;
    const prepare = async (): Promise<SimCluster> => {
      const cluster = scene.build();
      await start(freshRuns(), plan, cluster);
      cluster.clock.advance(60_000);
      return cluster;
    };
    const cluster = await prepare();
    const fate = await runUntil(undo, cluster, dir, Number.POSITIVE_INFINITY);
    const end = later(cluster, plan);
    expect(
      changed(later(whole, plan), end).filter(
        (name) => !writable(undo, name) && !writable(undo, name.replace("201", "200")),
      ),
    ).toEqual([]);
    for (const [index, at] of fate.instants.entries()) {
      const each = await prepare();
      const killed = await runUntil(undo, each, dir, index + 1);
      const where = `killed at ${index + 1}: ${at}`;
      expect(killed.at, where).toBe(at);
      const folder = readShelf(dir).runs.some(({ run }) => run === undo.id)
        ? openRunFolder(dir, undo.id, owner(3))
        : createRunFolder(dir, undo, owner(3));
      await resume(folder, doctorAt(each, "doctor-3"), OPTIONS);
      folder.close();
      expect(changed(end, later(each, plan)), where).toEqual([]);
      expect(userRows(each), where).toEqual(rows);
    }
  }, 120_000);
});
