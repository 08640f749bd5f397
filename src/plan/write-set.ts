import { distinct } from "../cluster/distinct.js";
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

/** How much a plan may touch before the operator must say so (docs/decisions.md#d14). */
export interface PlanLimits {
  /** `--max-tablets`: distinct tablets that a step changes. */
  readonly maxTablets: number;
  /** `--max-keys`: distinct topology keys that a step changes. */
  readonly maxKeys: number;
}

/** A limit that a plan goes over. */
export interface Excess {
  readonly flag: "max-tablets" | "max-keys";
  readonly limit: number;
  readonly count: number;
  readonly what: string;
}

/** A plan that touches more than the operator had in mind is shown, and not run. */
export const beyondLimits = (plan: Plan, { maxTablets, maxKeys }: PlanLimits): readonly Excess[] => {
  const keys = writeSet(plan).filter((write) => write.kind === "topo-key");
  const all: readonly Excess[] = [
    { flag: "max-tablets", limit: maxTablets, count: touchedTablets(plan).length, what: "tablets" },
    { flag: "max-keys", limit: maxKeys, count: keys.length, what: "topology keys" },
  ];
  return all.filter(({ limit, count }) => count > limit);
};
