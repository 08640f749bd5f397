import { readPlan } from "../../apply/plan-file.js";
import { UsageError } from "../../cluster/errors.js";
import { type Given, vtctldOf } from "../../config/settings.js";
import type { FixRequest, OrphanChoice, Stopping } from "../../plan/context.js";
import { planFix } from "../../plan/fix.js";
import { parseCommand, refuseOtherCommand } from "../../plan/stop-command.js";
import { planCluster, refuseForeign } from "../../plan/view/cluster.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { carryOut, showPlan } from "../carry-out.js";
import type { Request, Run } from "../command.js";
import { restoredTopologyConfirmed } from "../consent.js";
import { judged, observe } from "../observe.js";
import { ruleSet } from "../rule-set.js";
import { siteOf } from "../site.js";

/** Plans repairs for what is found, or executes a saved plan. */
export const run: Run = async (request) => {
  const { given } = request;
  const saved = given.text("plan");
  return saved === undefined ? planned(request) : executed(request, saved);
};

async function planned(request: Request): Promise<number> {
  const { given, context } = request;
  const dryRun = given.yes("dry-run");
  const out = given.text("out");
  checkSelection(given, dryRun, out);
  const stopping = stoppingOf(given);
  const observation = await observe(request);
  const findings = judged(observation, ruleSet(given), request);
  const wanted = await fixRequest(request, stopping, observation.snapshot, dryRun);
  const plan = planFix(observation.snapshot, findings, wanted, {
    now: context.clock.now(),
    ids: context.ids,
  });
  if (dryRun) return showPlan(plan, request);
  const before = findings.map(({ id }) => id);
  return carryOut(plan, before, wanted.findings === null ? "not" : "named", siteOf(request), request);
}

function checkSelection(given: Given, dryRun: boolean, out: string | undefined): void {
  const named = given.texts("findings").length > 0;
  const all = given.yes("all");
  if (named && all)
    throw new UsageError("fix: --all and named findings contradict each other; give one of them.");
  if (!named && !all && !dryRun && given.names("keyspace").length === 0) {
    throw new UsageError(
      "fix: name the findings to repair, or give --keyspace or --all (--dry-run shows the plan for everything).",
    );
  }
  if (out !== undefined && !dryRun) throw new UsageError("--out: saves the plan of --dry-run; give both.");
  if (given.text("snapshot") !== undefined && !dryRun) {
    throw new UsageError("--snapshot: a saved snapshot can only be planned on; give --dry-run with it.");
  }
}

async function fixRequest(
  request: Request,
  stopping: Stopping | null,
  snapshot: Snapshot,
  dryRun: boolean,
): Promise<FixRequest> {
  const { given } = request;
  const findings = given.texts("findings");
  const keyspaces = given.names("keyspace");
  return {
    command: request.typed,
    findings: findings.length === 0 ? null : findings,
    keyspaces: keyspaces.length === 0 ? null : keyspaces,
    orphans: (given.text("orphans") ?? null) as OrphanChoice | null,
    stopping,
    vtctld: vtctldOf(given)?.address ?? null,
    restoredTopologyConfirmed: await confirmedRestored(request, snapshot, dryRun),
  };
}

/** What is said for this run counts more than what the config file says for all. */
function stoppingOf(given: Given): Stopping | null {
  const watchMs = given.duration("watch-return") ?? 120_000;
  if (watchMs < LEAST_WATCH_MS)
    throw new UsageError(
      "--watch-return: a supervisor waits some seconds before it starts a process again; give 10s or more.",
    );
  if (given.yes("unsupervised")) return { kind: "unsupervised", watchMs };
  const command = given.text("hooks.stopTablet");
  return command === undefined ? null : { kind: "command", template: parseCommand(command), watchMs };
}

const LEAST_WATCH_MS = 10_000;

/** A dry run never asks: it shows the refusal. */
export async function confirmedRestored(
  request: Request,
  snapshot: Snapshot,
  dryRun: boolean,
): Promise<boolean> {
  const signs = snapshot.rows("restored_topology").map(({ detail }) => detail);
  if (signs.length === 0 || (dryRun && request.given.text("confirm") === undefined)) return false;
  const [meta] = snapshot.rows("meta", { name: "global_root" });
  return restoredTopologyConfirmed(signs, meta?.value ?? "", request);
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
  const observation = await observe(request);
  refuseForeign(plan, planCluster(observation.snapshot));
  const before = judged(observation, ruleSet(given), request).map(({ id }) => id);
  return carryOut(plan, before, "reviewed", siteOf(request), request);
}
