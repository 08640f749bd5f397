import { expect, test } from "vitest";
import type { World } from "../../src/plan/foresight/world.js";
import type { Plan } from "../../src/plan/plan.js";
import { effectOf } from "../../src/plan/steps/index.js";
import { deriveRouting } from "../../src/snapshot/derive/index.js";
import { remembering } from "../../src/snapshot/derive/remember.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { cancelOf, fixOf } from "../plan/planned.js";
import { recorded } from "../plan/recorded.js";

test.each<[string, (facts: Facts) => Plan]>([
  ["healthy-movetables-created-v24", (facts) => cancelOf(facts, { keyspace: "moved", workflow: "m1" })],
  ["healthy-reshard-running-v24", (facts) => cancelOf(facts)],
  ["v19-cancelled", (facts) => fixOf(facts)],
  ["deleted-serving-graph-and-replica-record-v24", (facts) => fixOf(facts)],
  ["cancelled-after-journal-v24", (facts) => fixOf(facts)],
  [
    "deleted-by-person-v24",
    (facts) => fixOf(facts, { orphans: "retire", stopping: { kind: "unsupervised", watchMs: 120_000 } }),
  ],
])("what is remembered of the looks before changes no answer: %s", (name, planOf) => {
  const facts = recorded(name);
  const steps = planOf(facts).stages.flatMap((stage) => stage.steps);
  const remember = remembering();
  let world: World = { facts, heeded: [] };
  for (const step of steps) {
    world = effectOf(step, world);
    const { facts: now, heeded } = world;
    expect(deriveRouting(now, heeded, remember), step.id).toEqual(deriveRouting(now, heeded));
  }
  expect(steps.length).toBeGreaterThan(0);
  // And back to what was seen first, by what is remembered of the end.
  expect(deriveRouting(facts, [], remember)).toEqual(deriveRouting(facts, []));
});
