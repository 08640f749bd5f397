import { distinct } from "./distinct.js";
import type { Write } from "./kind.js";
import type { Plan } from "./plan.js";
import { writesOf } from "./steps/index.js";

/** Everything that the steps change, each once, in the order of the plan. Locks come and go with the run and are not in it. */
export const writeSet = (plan: Pick<Plan, "stages" | "cluster">): readonly Write[] =>
  distinct(plan.stages.flatMap(({ steps }) => steps.flatMap((step) => writesOf(step, plan.cluster.roots))));

/** Tablets that a plan changes something on, or registers. */
export const touchedTablets = (plan: Pick<Plan, "stages">): readonly string[] =>
  [
    ...new Set(
      plan.stages
        .flatMap((stage) => stage.steps)
        .flatMap((step) => ("tablet" in step ? [step.tablet.alias] : [])),
    ),
  ].sort();
