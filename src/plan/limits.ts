import { RefusedError } from "../cluster/errors.js";
import type { PlanLimits } from "./context.js";
import type { Plan } from "./plan.js";
import { touchedTablets, writeSet } from "./write-set.js";

/** A plan that touches more than the operator had in mind is not made. Throws `RefusedError` naming the flag. */
export const withinLimits = (plan: Plan, limits: PlanLimits): Plan => {
  const tablets = touchedTablets(plan).length;
  if (tablets > limits.maxTablets)
    throw new RefusedError(
      `the plan touches ${tablets} tablets, more than --max-tablets ${limits.maxTablets}: select fewer findings, or raise the limit after reading the plan with --dry-run --max-tablets ${tablets}`,
    );
  const keys = writeSet(plan).filter((write) => write.kind === "topo-key").length;
  if (keys > limits.maxKeys)
    throw new RefusedError(
      `the plan changes ${keys} topology keys, more than --max-keys ${limits.maxKeys}: select fewer findings, or raise the limit after reading the plan with --dry-run --max-keys ${keys}`,
    );
  return plan;
};
