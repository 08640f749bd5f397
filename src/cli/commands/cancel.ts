import { UsageError } from "../../cluster/errors.js";
import { vtctldOf } from "../../config/settings.js";
import { planCancel } from "../../plan/cancel.js";
import type { CancelRequest } from "../../plan/context.js";
import { carryOut, showPlan } from "../carry-out.js";
import type { Run } from "../command.js";
import { judged, observe } from "../observe.js";
import { ruleSet } from "../rule-set.js";
import { siteOf } from "../site.js";
import { confirmedRestored } from "./fix.js";

/** The corrected cancel: planned, shown, confirmed, executed, looked at again. */
export const run: Run = async (request) => {
  const { given, context } = request;
  const [keyspace, workflow] = nameOf(given.text("workflow") ?? "");
  const dryRun = given.yes("dry-run");
  const out = given.text("out");
  if (out !== undefined && !dryRun) throw new UsageError("--out: saves the plan of --dry-run; give both.");
  if (given.text("snapshot") !== undefined && !dryRun) {
    throw new UsageError("--snapshot: a saved snapshot can only be planned on; give --dry-run with it.");
  }
  const observation = await observe(request);
  const wanted: CancelRequest = {
    command: request.typed,
    keyspace,
    workflow,
    missingOk: given.yes("missing-ok"),
    keepData: given.choice("keep-data") ?? null,
    keepRoutingRules: given.yes("keep-routing-rules"),
    purge: given.yes("purge"),
    vtctld: vtctldOf(given)?.address ?? null,
    restoreSecondaryKeys: given.yes("restore-secondary-keys"),
    restoredTopologyConfirmed: await confirmedRestored(request, observation.snapshot, dryRun),
  };
  const plan = planCancel(observation.snapshot, wanted, { now: context.clock.now(), ids: context.ids });
  if (dryRun) return showPlan(plan, request);
  const before = judged(observation, ruleSet(given), request).map(({ id }) => id);
  return carryOut(plan, before, "named", siteOf(request), request);
};

/** `KEYSPACE.WORKFLOW`, as vtctldclient's legacy commands take it; a workflow's name may have dots, a keyspace's may not. */
function nameOf(text: string): readonly [string, string] {
  const dot = text.indexOf(".");
  if (dot <= 0 || dot === text.length - 1) {
    throw new UsageError(`cancel: "${text}" must be KEYSPACE.WORKFLOW, like customer.c2.`);
  }
  return [text.slice(0, dot), text.slice(dot + 1)];
}
