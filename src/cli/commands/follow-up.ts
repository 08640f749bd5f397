import type { PlanContext, PlanRequest } from "../../plan/context.js";
import type { PastRun } from "../../plan/past-run.js";
import type { Plan } from "../../plan/plan.js";
import { planPurge } from "../../plan/purge.js";
import { planUndo } from "../../plan/undo.js";
import { planCluster, refuseForeign } from "../../plan/view/cluster.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Run } from "../command.js";
import { claimPast } from "../run-shelf.js";
import { siteOf } from "../site.js";
import { refuseHalfDry, write } from "../write.js";

type Planner = (snapshot: Snapshot, past: PastRun, request: PlanRequest, context: PlanContext) => Plan;

/** A command on an earlier run: planned on its folder and on a new look at the cluster, and executed as a run of its own. */
const followUp =
  (planner: Planner): Run =>
  async (request) => {
    refuseHalfDry(request);
    const { past, release } = claimPast(request, request.given.yes("dry-run"));
    const site = siteOf(request);
    try {
      if (request.given.text("snapshot") === undefined) await site.refuseWhileRunning(past.plan.id);
      return await write(request, site, {
        looked: "named",
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
export const undo = followUp(planUndo);

/** Drops for good what a run holds; asks for the keyspace's name. */
export const purge = followUp(planPurge);
