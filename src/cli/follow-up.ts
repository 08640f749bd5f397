import { UsageError } from "../cluster/errors.js";
import type { PlanContext, PlanRequest } from "../plan/context.js";
import type { PastRun } from "../plan/past-run.js";
import type { Plan } from "../plan/plan.js";
import { planCluster, refuseForeign } from "../plan/view/cluster.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { carryOut, showPlan } from "./carry-out.js";
import type { Request } from "./command.js";
import { confirmedRestored } from "./commands/fix.js";
import { observe } from "./observe.js";
import { claimPast } from "./run-shelf.js";
import { siteOf } from "./site.js";

type Planner = (snapshot: Snapshot, past: PastRun, request: PlanRequest, context: PlanContext) => Plan;

/** A command on an earlier run: planned on its folder and on a new look at the cluster, shown, confirmed, executed as a run of its own. */
export async function followUp(request: Request, planner: Planner): Promise<number> {
  const { given, context } = request;
  const dryRun = given.yes("dry-run");
  const out = given.text("out");
  if (out !== undefined && !dryRun) throw new UsageError("--out: saves the plan of --dry-run; give both.");
  if (given.text("snapshot") !== undefined && !dryRun) {
    throw new UsageError("--snapshot: a saved snapshot can only be planned on; give --dry-run with it.");
  }
  const { past, release } = claimPast(request, dryRun);
  const site = siteOf(request);
  try {
    if (given.text("snapshot") === undefined) await site.refuseWhileAtWork(past.plan.id);
    const { snapshot } = await observe(request, { askTables: true });
    refuseForeign(past.plan, planCluster(snapshot));
    const wanted: PlanRequest = {
      command: request.typed,
      restoredTopologyConfirmed: await confirmedRestored(request, snapshot, dryRun),
    };
    const plan = planner(snapshot, past, wanted, { now: context.clock.now(), ids: context.ids });
    if (dryRun) return showPlan(plan, request);
    // What the run had repaired is there again after an undo: a new finding is no failure of it.
    return await carryOut(plan, null, "named", site, request);
  } finally {
    release();
  }
}
