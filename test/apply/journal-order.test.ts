import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JournalRecord } from "../../src/apply/runs/journal.js";
import { goOn, start } from "../crash/repair.js";
import { moving, orphaned, planOf, running, type Scene } from "../crash/scene.js";

let runs: string;
beforeAll(() => {
  runs = mkdtempSync(join(tmpdir(), "vtdoctor-order-"));
});
afterAll(() => rmSync(runs, { recursive: true, force: true }));

const journal = (): readonly JournalRecord[] =>
  readFileSync(join(runs, "r1", "journal.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.each([orphaned, running, moving])("the journal of $name", (scene: Scene) => {
  it("has the intent on disk before each effect, and the before-image before the intent", async () => {
    const plan = await planOf(scene);
    const cluster = scene.build();
    let effects = 0;
    cluster.effects.hook = {
      before: ({ call, detail }) => {
        if (["grant", "release", "revoke"].includes(call) || detail.includes("/locks/")) return undefined;
        effects += 1;
        const last = journal().at(-1);
        expect(last, detail).toMatchObject({ kind: "intent", inverse: { kind: expect.any(String) } });
        if (last?.kind === "intent" && last.before !== null)
          expect(JSON.parse(readFileSync(join(runs, "r1", last.before), "utf8"))).toBeDefined();
        return undefined;
      },
    };
    expect(await start(runs, plan, cluster)).toMatchObject({ kind: "ended" });
    expect(effects).toBeGreaterThan(4);
  });

  it("tells the whole run, and a finished run is only told again", async () => {
    const plan = await planOf(scene);
    const cluster = scene.build();
    await start(runs, plan, cluster);
    const records = journal();
    expect(records[0]).toMatchObject({ kind: "started", run: "r1", command: plan.command });
    expect(records.at(-1)).toMatchObject({ kind: "finished" });
    const ids = plan.stages.flatMap((stage) => stage.steps).map((step) => step.id);
    expect(records.flatMap((record) => (record.kind === "result" ? [record.step] : []))).toEqual(ids);
    const effects = cluster.effects.log.length;
    expect(await goOn(runs, plan, cluster)).toMatchObject({
      kind: "ended",
      result: { alreadyFinished: true },
    });
    expect(cluster.effects.log).toHaveLength(effects);
    expect(journal()).toEqual(records);
    expect(JSON.parse(readFileSync(join(runs, "r1", "report.json"), "utf8"))).toMatchObject({
      run: "r1",
      exit: "ok",
    });
  });

  it("refuses a plan that is too old, and one for another cluster", async () => {
    const plan = await planOf(scene);
    const late = scene.build();
    late.clock.advance(plan.expiresAt - late.clock.now() + 1);
    expect(await start(runs, plan, late)).toMatchObject({ kind: "stopped", error: { exit: "refused" } });
    const clusterIds = Object.fromEntries(
      Object.keys(plan.cluster.clusterIds).map((server) => [server, "ffff"]),
    );
    const marks = plan.cluster.marks.map((mark) => ({ ...mark, createRevision: mark.createRevision + 1 }));
    expect(marks.length).toBeGreaterThan(0);
    for (const other of [{ clusterIds }, { marks }]) {
      const foreign = { ...plan, cluster: { ...plan.cluster, ...other } };
      const cluster = scene.build();
      const effects = cluster.effects.log.length;
      expect(await start(runs, foreign, cluster)).toMatchObject({
        kind: "stopped",
        error: { exit: "refused" },
      });
      expect(cluster.effects.log).toHaveLength(effects);
    }
  });
});
