import { UsageError } from "../cluster/errors.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { assemble } from "./assemble.js";
import { cancelSubject } from "./cancel/find-subject.js";
import { judgeCancel } from "./cancel/forbidden.js";
import { brokenParts, intactPart, partsOf, refuseBroken } from "./cancel/half-done.js";
import { refusedFor } from "./cancel/refusal.js";
import { residue } from "./cancel/residue.js";
import { cancelDraft } from "./cancel/sequence.js";
import { cancelType } from "./cancel/types/index.js";
import type { CancelRequest, PlanContext } from "./context.js";
import { type Draft, joinDrafts } from "./draft.js";
import { hoistStops } from "./hoist-stops.js";
import { holdSchemaOf } from "./hold-schema.js";
import { refuseOlderSnapshot } from "./older-snapshot.js";
import type { Plan } from "./plan.js";
import { unreachableTargets } from "./recipes/unreachable-targets.js";
import { refuseRestoredTopology } from "./restored.js";

/**
 * The corrected cancel of one workflow, on any Vitess version (docs/decisions.md#d16): guards first, then stop everywhere, prove it, data,
 * denials, reverse streams, rules, and the rows last. Shard and Tablet records are never deleted. A workflow whose targets a native cancel
 * has already dropped is handed to the orphan-shard recipe.
 *
 * Throws `RefusedError` that names the fact that forbids it, `UsageError` for an unknown keyspace or workflow, or options that contradict each other,
 * `IncompleteError` where a silent source could hide the workflow.
 */
export const planCancel = (snapshot: Snapshot, request: CancelRequest, context: PlanContext): Plan => {
  checkOptions(request);
  const id = context.ids();
  const draft = hoistStops(draftFor(snapshot, request, holdSchemaOf(id)));
  if (draft.stages.length > 0) refuseOlderSnapshot(snapshot);
  if (draft.stages.length > 0) refuseRestoredTopology(snapshot, request.restoredTopologyConfirmed);
  return assemble(snapshot, { id, operation: "cancel", command: request.command }, draft, context);
};

const draftFor = (snapshot: Snapshot, request: CancelRequest, holdSchema: string): Draft => {
  const subject = cancelSubject(snapshot, request.keyspace, request.workflow);
  if (subject === null) return residue(snapshot, request);
  const parts = partsOf(snapshot, subject);
  const broken = brokenParts(snapshot, subject, parts, {
    orphans: null,
    stopping: null,
    vtctld: request.vtctld,
  });
  const silent = unreachableTargets(snapshot, subject.targets);
  if (parts.intact.length === 0) return joinDrafts([broken, silent]);
  const name = `${subject.keyspace}.${subject.workflow}`;
  refuseBroken(name, broken, parts);
  const intact = intactPart(subject, parts, broken);
  const keepsData = cancelType(subject.kind)?.keepsData === true && !request.purge;
  const options = { ...request, keep: request.keepData ?? keepsData, holdSchema };
  const verdict = judgeCancel(snapshot, intact, options.keep);
  if (verdict.kind === "forbidden") throw refusedFor(name, verdict.refusals);
  return joinDrafts([broken, silent, cancelDraft(snapshot, verdict.subject, options)]);
};

/** Throws `UsageError` where two options contradict each other. */
const checkOptions = (request: CancelRequest): void => {
  if (request.purge && request.keepData === true)
    throw new UsageError("--purge drops the copied tables and --keep-data keeps them: give one of the two");
  if (request.restoreSecondaryKeys && request.keepData !== true)
    throw new UsageError("--restore-secondary-keys works on the tables that --keep-data keeps: give both");
};
