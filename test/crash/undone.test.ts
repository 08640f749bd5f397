import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { execute, resume } from "../../src/apply/execute.js";
import { createRunFolder, openRunFolder } from "../../src/apply/runs/run-folder-disk.js";
import { listRuns } from "../../src/apply/runs/run-list.js";
import type { Plan } from "../../src/plan/plan.js";
import { planPurge } from "../../src/plan/purge.js";
import { planUndo } from "../../src/plan/undo.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { doctorAt } from "../apply/sim-ports.js";
import { afterFirstStop, NEVER, OPTIONS, planAfter, runUntil } from "./later-runs.js";
import { returnedRetired, targetsRetired } from "./leaving-scenes.js";
import { owner, serversOf, strangers } from "./repair.js";
import { UNDONE } from "./repair-scenes.js";
import { halfServed } from "./residue-scenes.js";
import { runsFolder } from "./runs-folder.js";
import { planOf, running, type Scene } from "./scene.js";
import { changed, imageOf, userRows, type WorldImage } from "./world-image.js";

const runs = runsFolder();

const freshRuns = (): string => {
  rmSync(join(runs, "now"), { recursive: true, force: true });
  return join(runs, "now");
};

const undoPlan = (cluster: SimCluster, dir: string, run: string): Promise<Plan> =>
  planAfter(planUndo, cluster, dir, run);

const later = (cluster: SimCluster, plan: Plan): WorldImage => {
  cluster.clock.advance(120_000);
  return imageOf(cluster, serversOf(plan));
};

/** Deleted streams do not come back. */
const isFinal = (name: string): boolean => /^(stream|engine|copy|action) /.test(name);

describe.each(UNDONE)("the undo of the cancel of $name", (scene: Scene) => {
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
    const { instants } = await runUntil(plan, scene.build(), freshRuns(), NEVER);
    expect(instants.length).toBeGreaterThan(50);
    for (const [index, at] of [...instants, "after its end"].entries()) {
      const killAt = index + 1;
      const cluster = scene.build();
      const dir = freshRuns();
      await runUntil(plan, cluster, dir, killAt);
      const where = `killed at ${killAt}: ${at}`;
      const begun = listRuns(dir).runs[0];
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
  });

  it("ends the same wherever it is killed itself, and is resumed", async () => {
    const ends = await killedEverywhere(scene, plan, planUndo);
    for (const { where, cluster } of ends) expect(userRows(cluster), where).toEqual(rows);
  });
});

it("the undo of a run that died once its streams were stopped ends the same wherever it is killed", async () => {
  const plan = await planOf(running);
  const stopped = await afterFirstStop(running, plan, freshRuns());
  const ends = await killedEverywhere(running, plan, planUndo, stopped);
  expect(ends.length).toBeGreaterThan(10);
  for (const { where, cluster } of ends) {
    const states = ["200", "300"].map((uid) =>
      cluster.tablet(`zone1-0000000${uid}`).engine.streams.map(({ state }) => state),
    );
    expect(states, where).toEqual([["Running"], ["Running"]]);
  }
});

it("the undo of a retirement puts its records back, wherever it is killed", async () => {
  const plan = await planOf(returnedRetired);
  const before = returnedRetired.build();
  const ends = await killedEverywhere(returnedRetired, plan, planUndo);
  expect(ends.length).toBeGreaterThan(10);
  const records = (cluster: SimCluster) =>
    [...imageOf(cluster, serversOf(plan))].filter(([name]) => /\/-80\/Shard(Replication)?$/.test(name));
  expect(records(before)).toHaveLength(2);
  for (const { where, cluster } of ends) expect(records(cluster), where).toEqual(records(before));
});

it("the undo of a cancel whose targets left puts their records back, wherever it is killed", async () => {
  const plan = await planOf(targetsRetired);
  const before = targetsRetired.build();
  const ends = await killedEverywhere(targetsRetired, plan, planUndo);
  expect(ends.length).toBeGreaterThan(10);
  const records = (cluster: SimCluster) =>
    [...imageOf(cluster, serversOf(plan))].filter(([name]) => /\/Shard(Replication)?$/.test(name));
  for (const { where, cluster } of ends) expect(records(cluster), where).toEqual(records(before));
});

it("the undo of a record that a run created, and that serves nobody yet, deletes it again, wherever it is killed", async () => {
  const plan = await planOf(halfServed);
  const ends = await killedEverywhere(halfServed, plan, planUndo);
  expect(ends.length).toBeGreaterThan(10);
  for (const { where, cluster } of ends)
    expect(cluster.topology.srvKeyspace("zone1", "customer").get(), where).toBeNull();
});

it("the purge of what a run holds ends the same wherever it is killed, and is resumed", async () => {
  const ends = await killedEverywhere(running, await planOf(running), planPurge);
  expect(ends.length).toBeGreaterThan(10);
  const [hold] = [...(ends[0]?.cluster.tablet("zone1-0000000200").mysql.data.databases.keys() ?? [])].filter(
    (name) => name.startsWith("vtdoctor_hold_"),
  );
  expect(hold).toBeUndefined();
});

interface End {
  readonly where: string;
  readonly cluster: SimCluster;
}

/**
 * What follows a run that dies at instant `dies`: killed at each instant and resumed, it always comes to the end that it comes to when it
 * lives.
 */
async function killedEverywhere(
  scene: Scene,
  plan: Plan,
  planner: typeof planUndo,
  dies = NEVER,
): Promise<readonly End[]> {
  const dir = join(runs, "now");
  const prepare = async (): Promise<SimCluster> => {
    const cluster = scene.build();
    await runUntil(plan, cluster, freshRuns(), dies);
    cluster.clock.advance(60_000);
    return cluster;
  };
  const whole = await prepare();
  const next = await planAfter(planner, whole, dir, plan.id);
  if (next.stages.length === 0) return [];
  const cluster = await prepare();
  const fate = await runUntil(next, cluster, dir, NEVER);
  const end = later(cluster, plan);
  expect(strangers(next, later(whole, plan), end)).toEqual([]);
  const ends: End[] = [];
  for (const [index, at] of fate.instants.entries()) {
    const each = await prepare();
    const killed = await runUntil(next, each, dir, index + 1);
    const where = `killed at ${index + 1}: ${at}`;
    expect(killed.at, where).toBe(at);
    const folder = listRuns(dir).runs.some(({ run }) => run === next.id)
      ? openRunFolder(dir, next.id, owner(3))
      : createRunFolder(dir, next, owner(3));
    await resume(folder, doctorAt(each, "doctor-3"), OPTIONS);
    folder.close();
    expect(changed(end, later(each, plan)), where).toEqual([]);
    ends.push({ where, cluster: each });
  }
  return ends;
}
