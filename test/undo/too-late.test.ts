import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { SimEffect } from "../../src/sim/effects.js";
import { addShard } from "../../src/sim/native/keyspace.js";
import { operatorAt } from "../cli/harness.js";
import { halfDone } from "../crash/half-done-scenes.js";
import { moving, running, type Scene } from "../crash/scene.js";
import { misrouted } from "../crash/serving-scenes.js";
import { changed, imageOf } from "../crash/world-image.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { moveTablesComplete } from "../sim/native/move-tables-complete.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";
import { putRules, rulesNow } from "../sim/native/table-routing.js";

const TARGET = "zone1-0000000400";

const imageNow = (cluster: SimCluster) => imageOf(cluster, [cluster.topology.global.etcd.server]);

/** A command of vtdoctor on the scene, ended by Ctrl-C after the step whose line has `until`. */
async function typed(line: string, until: RegExp | null = null, scene: Pick<Scene, "build"> = moving) {
  const cluster = scene.build();
  const operator = operatorAt(cluster);
  const abort = new AbortController();
  const onNote = (note: string) => {
    if (until?.test(note)) abort.abort();
  };
  const said = await operator.write(line, { signal: abort.signal, onNote });
  expect(said.code, said.err).toBe(until === null ? 0 : 5);
  const [run = ""] = readdirSync(join(operator.folder, "runs"));
  return { cluster, operator, run, undo: () => operator.write(`undo ${run} --yes`) };
}

/** The move is made again under another name; with `complete` production is on the target afterwards, and the source's table is gone. */
function moveAgain(cluster: SimCluster): void {
  cluster.clock.advance(60_000);
  const again = { keyspace: "moved", workflow: "c3", sourceKeyspace: "customer", tables: ["customer"] };
  cluster.run(moveTablesCreate(cluster, { ...again, cell: "zone1" }));
  cluster.clock.advance(10_000);
  cluster.run(moveTablesSwitch(cluster, "moved", "c3"));
  cluster.clock.advance(10_000);
  cluster.run(moveTablesComplete(cluster, "moved", "c3"));
  cluster.clock.advance(700_000);
}

const databaseOf = (cluster: SimCluster, alias: string, name: string) =>
  cluster.tablet(alias).mysql.data.databases.get(name);

/** A schema tool or a person makes the missing table again. */
function makeEmpty(cluster: SimCluster, alias: string, database: string, table: string): void {
  const source = databaseOf(cluster, "zone1-0000000100", "vt_customer")?.get(table);
  if (source === undefined) throw new Error(`the source has no ${table}`);
  databaseOf(cluster, alias, database)?.set(table, { ...source, rows: new Map() });
}

/** Undoes, and expects that nothing at all is done. */
async function refusedWhole(
  scene: { readonly cluster: SimCluster; undo(): Promise<{ code: number; err: string }> },
  words: RegExp,
): Promise<string> {
  const before = imageNow(scene.cluster);
  const undone = await scene.undo();
  expect([undone.code, undone.err]).toEqual([4, expect.stringMatching(words)]);
  expect(undone.err).toContain("nothing was changed");
  expect(undone.err).not.toMatch(/rename or drop|drop it/);
  expect(changed(before, imageNow(scene.cluster))).toEqual([]);
  return undone.err;
}

describe("the undo of a cancel after which the tables were moved again", () => {
  it("leaves production alone, and says that the table of today stays", async () => {
    const scene = await typed("cancel moved.c2 --yes");
    moveAgain(scene.cluster);
    const said = await refusedWhole(scene, /customer exists in vt_moved on zone1-0000000400 again/);
    expect(said).toMatch(
      /it stays as it is, for it may be in use: see where queries go \(vtctldclient GetRoutingRules/,
    );
    expect(said).toContain(
      'nothing of "Cancel MoveTables moved.c2" is taken back: also not the denied tables customer of moved/0',
    );
    expect((await scene.operator.type("scan --format json")).out).not.toContain('"severity": "critical"');
  });

  it("puts no rules back that lead to a table that is gone, where the tables had been kept", async () => {
    const scene = await typed("cancel moved.c2 --yes --keep-data");
    databaseOf(scene.cluster, TARGET, "vt_moved")?.delete("customer");
    moveAgain(scene.cluster);
    await refusedWhole(
      scene,
      /the routing rules from .* can not be put back: they would lead to customer\.customer, which does not exist/,
    );
  });

  it("denies no table that rules lead to", async () => {
    const scene = await typed("cancel moved.c2 --yes --keep-data --keep-routing-rules");
    const rules = new Map([...rulesNow(scene.cluster)].map(([from]) => [from, "moved.customer"]));
    for (const _ of putRules(scene.cluster, rules));
    await refusedWhole(
      scene,
      /the denied tables customer of moved\/0 can not be put back: queries for customer go there by a routing rule/,
    );
  });
});

describe("the undo of a cancel whose tables are gone", () => {
  it("puts neither rules nor denials back after a purge", async () => {
    const scene = await typed("cancel moved.c2 --yes");
    expect((await scene.operator.write(`purge ${scene.run} --yes --confirm moved`)).code).toBe(0);
    await refusedWhole(scene, /the data is gone: run \w+ purged it at/);
  });

  it("puts neither rules nor denials back where the run itself dropped them", async () => {
    await refusedWhole(
      await typed("cancel moved.c2 --yes --purge --confirm moved"),
      /the data is gone: the run dropped customer of moved\/0, as --purge asked/,
    );
  });

  it.each([
    { killed: "before", code: 0, state: "Running" },
    { killed: "after", code: 4, state: "Stopped" },
  ])("asks the database where the run was killed $killed its drop", async ({ killed, code, state }) => {
    const cluster = moving.build();
    const operator = operatorAt(cluster);
    const dies = ({ detail }: SimEffect): undefined => {
      if (/drop table/.test(detail)) throw new Error("killed");
    };
    cluster.effects.hook = killed === "before" ? { before: dies } : { after: dies };
    const line = "cancel moved.c2 --yes --purge --confirm moved";
    expect((await operator.write(line)).err).toContain("killed");
    cluster.effects.hook = {};
    const [run = ""] = readdirSync(join(operator.folder, "runs"));
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.err).toBe(code);
    const { vreplication } = cluster.tablet(TARGET).mysql.data.sidecar;
    expect(new Set(vreplication.map((row) => row.state))).toEqual(new Set([state]));
  });

  it("takes a table of the name for another one where the hold was emptied by hand", async () => {
    const scene = await typed("cancel moved.c2 --yes", /done {2}03-table\.hold/);
    scene.cluster.tablet(TARGET).mysql.data.databases.delete(`vtdoctor_hold_${scene.run}`);
    makeEmpty(scene.cluster, TARGET, "vt_moved", "customer");
    await refusedWhole(scene, /customer exists in vt_moved .* again, and no undo of vtdoctor put it there/);
  });
});

describe("the undo of a cancel that was stopped once it held the tables", () => {
  it("restarts no stream over a table that was made anew", async () => {
    const scene = await typed("cancel moved.c2 --yes", /done {2}03-table\.hold/);
    makeEmpty(scene.cluster, TARGET, "vt_moved", "customer");
    const said = await refusedWhole(scene, /customer exists in vt_moved on zone1-0000000400 again/);
    expect(said).toContain(`the streams of c2 on ${TARGET}, which stay stopped`);
  });

  it("restarts them where the tables come back, after these", async () => {
    const scene = await typed("cancel moved.c2 --yes", /done {2}06-record\.write-RoutingRules/);
    const undone = await scene.undo();
    expect(undone.code, undone.err).toBe(0);
    const done = [...undone.err.matchAll(/done {2}\d+-(\w+\.[a-z]+)/g)].map(([, kind]) => kind);
    expect(done).toEqual([
      "table.return",
      "record.write",
      "record.write",
      "stream.restart",
      "tablet.refresh",
      "srvvschema.rebuild",
    ]);
  });

  it("restarts no stream into a table that somebody has routed clients to meanwhile, and brings the table back", async () => {
    const scene = await typed("cancel moved.c2 --yes", /done {2}03-table\.hold/);
    const { cluster } = scene;
    for (const _ of putRules(cluster, new Map([...rulesNow(cluster), ["customer", "moved.customer"]])));
    const undone = await scene.undo();
    expect((undone.out + undone.err).replaceAll(/\s+/g, " ")).toMatch(
      /somebody let clients use its target .*so they stay stopped on zone1-0000000400/,
    );
    const { vreplication } = cluster.tablet(TARGET).mysql.data.sidecar;
    expect(new Set(vreplication.map(({ state }) => state))).toEqual(new Set(["Stopped"]));
    expect(databaseOf(cluster, TARGET, "vt_moved")?.has("customer")).toBe(true);
  });

  it("restarts no stream of the workflow on other targets", async () => {
    const build = () => {
      const cluster = halfDone({ dropped: ["-40"] });
      cluster.tablet("zone1-0000000200").engine.deleteWorkflow("c2");
      return cluster;
    };
    const scene = await typed("cancel customer.c2 --yes", /table\.hold-zone1-0000000300/, { build });
    makeEmpty(scene.cluster, "zone1-0000000250", "vt_customer", "customer");
    const said = await refusedWhole(scene, /customer exists in vt_customer on zone1-0000000250 again/);
    expect(said).toContain("the held tables country, customer on zone1-0000000300");
    for (const workflow of ["c2", "ref"])
      expect(said).toContain(`the streams of ${workflow} on zone1-0000000300, which stay stopped`);
  });

  it("restarts none where rows of the workflow were cleared on a shard without a primary", async () => {
    const build = () => halfDone({ dropped: ["-40"], restarted: [200, 201] });
    const scene = await typed("cancel customer.c2 --yes", /done {2}\d+-row\.clear/, { build });
    const undone = await scene.undo();
    expect([undone.code, undone.out]).toEqual([
      1,
      expect.stringMatching(/the run had begun to delete the streams of c2, so those/),
    ]);
    const { vreplication } = scene.cluster.tablet("zone1-0000000300").mysql.data.sidecar;
    expect(vreplication.find(({ workflow }) => workflow === "c2")).toMatchObject({ state: "Stopped" });
  });
});

describe("the undo of a repair of routes", () => {
  it("routes nothing to a shard that has been deleted since", async () => {
    const cluster = misrouted.build();
    const operator = operatorAt(cluster);
    const found = JSON.parse((await operator.type("scan --format json")).out).findings;
    const sick = found.find(({ rule }: { rule: string }) => rule === "served-shard-without-tables");
    expect((await operator.write(`fix ${sick.id} --yes`)).code).toBe(0);
    const [run = ""] = readdirSync(join(operator.folder, "runs"));
    cluster.run(deleteShards(cluster, "customer", ["-80", "80-"]));
    const before = imageNow(cluster);
    const undone = await operator.write(`undo ${run} --yes`);
    expect([undone.code, undone.err]).toEqual([4, expect.stringMatching(/which has no Shard record/)]);
    expect(changed(before, imageNow(cluster))).toEqual([]);
  });
});

describe("the undo of a run after which a shard was made anew", () => {
  it("says which one, and not that it is another cluster", async () => {
    const { cluster, operator, undo } = await typed("cancel customer.c2 --yes", null, running);
    cluster.run(deleteShards(cluster, "customer", ["80-"]));
    cluster.run(addShard(cluster, "customer", "80-"));
    const before = imageNow(cluster);
    const undone = await undo();
    const words =
      /somebody deleted shard customer\/80- \(created at etcd revision \d+ then, and at \d+ now\) and made it anew/;
    expect([undone.code, undone.err]).toEqual([4, expect.stringMatching(words)]);
    expect(undone.err).not.toContain("another cluster");
    expect(changed(before, imageNow(cluster))).toEqual([]);
    expect((await operator.type("scan")).err).toBe("");
  });
});
