import { RefusedError } from "../../cluster/errors.js";
import { foreseenPlan } from "../../plan/assemble.js";
import type { PlanContext, PlanRequest } from "../../plan/draft.js";
import { planCluster, refuseForeign } from "../../plan/facts/cluster.js";
import type { PastRun } from "../../plan/past-run.js";
import type { Plan } from "../../plan/plan.js";
import { planPurge } from "../../plan/purge.js";
import { planUndo } from "../../plan/undo.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { carryOut } from "../carry-out.js";
import type { Request, Run } from "../command.js";
import { type Begun, executorOf } from "../executor.js";
import { judgeAgain, observe } from "../observe.js";
import { claimPastRun } from "../run-dir.js";
import { refuseDryRunFlags, write } from "../write.js";

type Planner = (snapshot: Snapshot, past: PastRun, request: PlanRequest, context: PlanContext) => Plan;

/** A command on an earlier run: planned on its folder and on a new look at the cluster, and executed as a run of its own. */
const onPastRun =
  (planner: Planner): Run =>
  async (request) => {
    refuseDryRunFlags(request);
    const { past, release } = claimPastRun(request, request.given.yes("dry-run"));
    const executor = executorOf(request, past.plan.id);
    try {
      if (request.given.text("snapshot") === undefined) await executor.refuseWhileRunning(past.plan.id);
      return await write(request, executor, {
        review: "named",
        // What the run had repaired is there again after an undo: a new finding is no failure of it.
        mindsNew: false,
        askTables: true,
        plan: async ({ snapshot, asked, context }) => {
          refuseForeign(past.plan, planCluster(snapshot));
          return planner(snapshot, past, await asked(), context());
        },
      });
    } finally {
      release();
    }
  };

/** Takes a run back. */
export const undo = onPastRun(planUndo);

/** Drops for good what a run holds; asks for the keyspace's name. */
export const purge = onPastRun(planPurge);

/** Goes on with a run that was stopped or killed: shows what is left of it, asks, executes, and then looks at the cluster again. */
export const resume: Run = async (request) => {
  const executor = executorOf(request);
  const work = executor.open(request.given.text("run") ?? "");
  const rest = await foreseenRest(work, request).catch((error: unknown) => {
    work.close();
    throw error;
  });
  return carryOut({ ...work, rest }, { review: "begun", before: null }, executor, request);
};

/** Played on a new look at the cluster, as every plan is before it is shown. */
async function foreseenRest({ rest, begunOn, prove }: Begun, request: Request): Promise<Plan> {
  if (rest.stages.length === 0) return rest;
  const once = { ...request, given: request.given.without("settle") };
  const { snapshot } = await observe(once, { askTables: true });
  try {
    return foreseenPlan(snapshot, rest, judgeAgain(request), { begunOn });
  } catch (error) {
    // What has moved on since the run was begun is told as that, and not by what it would lead to.
    if (error instanceof RefusedError) await prove();
    throw error;
  } finally {
    snapshot.close();
  }
}
