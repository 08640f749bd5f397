import { readPlan } from "../../apply/runs/plan-file.js";
import { RefusedError, UsageError } from "../../cluster/errors.js";
import { type Given, vtctldOf } from "../../config/settings.js";
import { atOrAbove } from "../../findings/verdict.js";
import { foreseenPlan } from "../../plan/assemble.js";
import type { FixRequest, OrphanChoice } from "../../plan/draft.js";
import { planCluster, refuseForeign } from "../../plan/facts/cluster.js";
import { planFix } from "../../plan/planning.js";
import { refuseOtherCommand } from "../../plan/unbelieved.js";
import type { Request, Run } from "../command.js";
import { executorOf } from "../executor.js";
import { failOnOf } from "../observe.js";
import { stoppingOf } from "../stopping.js";
import { refuseDryRunFlags, write } from "../write.js";

/** Plans repairs for what is found, or executes a saved plan. */
export const run: Run = async (request) => {
  const { given } = request;
  const saved = given.text("plan");
  return saved === undefined ? planned(request) : executed(request, saved);
};

async function planned(request: Request): Promise<number> {
  const { given } = request;
  checkSelection(given);
  refuseDryRunFlags(request);
  const stopping = stoppingOf(given);
  const named = given.texts("findings");
  const keyspaces = given.names("keyspace");
  return write(request, executorOf(request), {
    review: named.length > 0 ? "named" : "none",
    mindsNew: true,
    minds: ({ id, severity }) =>
      named.length > 0 ? named.includes(id) : atOrAbove(severity, failOnOf(given)),
    plan: async ({ snapshot, findings, asked, context }) => {
      const wanted: FixRequest = {
        ...(await asked()),
        findings: named.length === 0 ? null : named,
        keyspaces: keyspaces.length === 0 ? null : keyspaces,
        orphans: (given.text("orphans") ?? null) as OrphanChoice | null,
        stopping,
        vtctld: vtctldOf(given)?.address ?? null,
      };
      return planFix(snapshot, findings(), wanted, context());
    },
  });
}

function checkSelection(given: Given): void {
  const named = given.texts("findings").length > 0;
  const all = given.yes("all");
  if (named && all)
    throw new UsageError("fix: --all and named findings contradict each other; give one of them.");
  if (!named && !all && !given.yes("dry-run") && given.names("keyspace").length === 0) {
    throw new UsageError(
      "fix: name the findings to repair, or give --keyspace or --all (--dry-run shows the plan for everything).",
    );
  }
}

async function executed(request: Request, path: string): Promise<number> {
  const { given } = request;
  if (given.texts("findings").length > 0 || given.yes("all") || given.yes("dry-run")) {
    throw new UsageError("--plan: is executed as it is; leave findings, --all and --dry-run out.");
  }
  if (given.text("snapshot") !== undefined)
    throw new UsageError(
      "--snapshot: a plan is executed on a cluster, not on a snapshot; leave --snapshot out.",
    );
  const plan = readPlan(path);
  refuseOtherCommand(plan, given.text("hooks.stopTablet"));
  const executor = executorOf(request);
  return write(request, executor, {
    review: "reviewed",
    mindsNew: true,
    plan: async ({ snapshot, context }) => {
      refuseForeign(plan, planCluster(snapshot));
      try {
        return foreseenPlan(snapshot, plan, context().judge);
      } catch (error) {
        // What has moved on since the plan was made is told as that, and not by what it would lead to.
        if (error instanceof RefusedError) await executor.prove(plan);
        throw error;
      }
    },
  });
}
