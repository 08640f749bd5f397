import fc from "fast-check";
import { expect, test } from "vitest";
import { RefusedError } from "../../src/cluster/errors.js";
import type { Plan } from "../../src/plan/plan.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { type HalfDone, halfDone } from "../crash/half-done-scenes.js";
import { snapshotOf } from "../crash/scene.js";
import { cancelOf, findingsOf, fixOf } from "./planned.js";

const SHARDS = ["-40", "40-80", "80-"];
const TABLETS = [200, 201, 250, 300, 301];

/** Any targets dropped, any tablets dead or restarted since, reverse streams from any of them. */
const wrecks: fc.Arbitrary<HalfDone> = fc
  .record({
    dropped: fc.subarray(SHARDS, { minLength: 1 }),
    dead: fc.subarray(TABLETS, { maxLength: 2 }),
    restarted: fc.subarray(TABLETS, { maxLength: 2 }),
    reverse: fc.subarray(SHARDS),
  })
  .map((wreck) => ({ ...wreck, restarted: wreck.restarted.filter((uid) => !wreck.dead.includes(uid)) }));

const factsOf = async (wreck: HalfDone): Promise<Facts> => {
  const snapshot = await snapshotOf(halfDone(wreck));
  try {
    return snapshot.facts();
  } finally {
    snapshot.close();
  }
};

const plansOf = (facts: Facts): readonly Plan[] => {
  const fix = fixOf(facts);
  try {
    return [fix, cancelOf(facts, { keepData: true })];
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return [fix];
  }
};

const stepsOf = (plan: Plan) => plan.stages.flatMap(({ steps }) => steps);

test("whatever the wreck: what stops, stops first; nothing is deleted twice; what is not done is said", async () => {
  await fc.assert(
    fc.asyncProperty(wrecks, async (wreck) => {
      const facts = await factsOf(wreck);
      for (const plan of plansOf(facts)) {
        const steps = stepsOf(plan);
        const stops = steps.filter(({ kind }) => kind === "stream.stop").length;
        expect(steps.slice(0, stops).every(({ kind }) => kind === "stream.stop")).toBe(true);
        const deleted = steps.flatMap((step) =>
          step.kind === "stream.delete" || step.kind === "row.clear"
            ? [`${step.tablet.alias} ${step.workflow}`]
            : [],
        );
        expect(new Set(deleted).size).toBe(deleted.length);
        const ended = steps.flatMap((step) =>
          step.kind === "stream.delete" || step.kind === "row.clear" ? [step.tablet.shard] : [],
        );
        const said = plan.blocked.map(({ object, reason }) => `${object.shard} ${reason}`).join("\n");
        for (const shard of wreck.dropped ?? [])
          expect(ended.includes(shard) || said.includes(shard), `${shard} of ${JSON.stringify(wreck)}`).toBe(
            true,
          );
      }
    }),
    { numRuns: 60 },
  );
}, 180_000);

test("whatever the wreck: where a target is intact, the findings of the workflow are one story", async () => {
  await fc.assert(
    fc.asyncProperty(wrecks, async (wreck) => {
      const alive = (uid: number): boolean =>
        !(wreck.dead ?? []).includes(uid) && !(wreck.restarted ?? []).includes(uid);
      fc.pre(!(wreck.dropped ?? []).includes("80-") && alive(300) && alive(301));
      const findings = findingsOf(await factsOf(wreck));
      const roots = findings.filter(({ causedBy, severity }) => causedBy === null && severity !== "info");
      expect(roots.map(({ id }) => id)).toContain("workflow-half-cancelled@customer/c2");
      const apart = roots.filter(({ object }) => (wreck.dropped ?? []).includes(object.shard ?? ""));
      expect(
        apart.map(({ id }) => id),
        JSON.stringify(wreck),
      ).toEqual([]);
    }),
    { numRuns: 40 },
  );
}, 180_000);
