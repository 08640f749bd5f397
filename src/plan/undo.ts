import type { Snapshot } from "../snapshot/snapshot.js";
import { assemble } from "./assemble.js";
import { type Draft, type DraftStage, type PlanContext, type PlanRequest, worthRunning } from "./draft.js";
import type { PastRun } from "./past-run.js";
import type { Plan, Stage } from "./plan.js";
import type { InverseSteps } from "./undo/inverse-steps.js";
import { stageBack } from "./undo/stage.js";
import { refuseOlderSnapshot, refuseRestoredTopology } from "./unfit-snapshot.js";

/**
 * Takes a run back: what it really did, by its journal and before-images, in the opposite order and under the same locks
 * (docs/decisions.md#d13, docs/decisions.md#d18, docs/decisions.md#d20). What has no inverse is listed with its reason; what is as before
 * already is left alone, so a second undo does nothing.
 */
export const planUndo = (
  snapshot: Snapshot,
  past: PastRun,
  request: PlanRequest,
  context: PlanContext,
): Plan => {
  const draft = draftOf(snapshot, past);
  if (draft.stages.length > 0) refuseOlderSnapshot(snapshot);
  if (draft.stages.length > 0) refuseRestoredTopology(snapshot, request.restoredTopologyConfirmed);
  const heading = { operation: "undo", run: past.plan.id, command: request.command } as const;
  return assemble(snapshot, { id: context.ids(), ...heading }, draft, context);
};

const draftOf = (snapshot: Snapshot, past: PastRun): Draft => {
  const ways: (InverseSteps & { readonly stage: Stage })[] = [];
  for (const stage of past.plan.stages.toReversed()) {
    const way = stageBack(
      snapshot,
      past,
      stage,
      ways.flatMap(({ steps }) => steps),
    );
    ways.push({ stage, ...way, blocked: [...way.blocked, ...way.final] });
  }
  const stages = worthRunning(
    ways.map(
      ({ stage, steps }): DraftStage => ({
        title: `Take back: ${stage.title}`,
        locks: stage.locks,
        steps,
      }),
    ),
  );
  const finalities = withoutInverse(past);
  const isRefused =
    stages.length === 0 &&
    past.laterRuns.length === 0 &&
    finalities.length > 0 &&
    ways.every(({ blocked }) => blocked.length === 0);
  return {
    repairs: [],
    stages,
    premises: ways.flatMap(({ premises }) => premises),
    blocked: [
      ...ways.flatMap(({ blocked }) => blocked),
      ...(isRefused ? finalities.map((reason) => finality(past, reason)) : []),
    ],
    notes: [
      ...history(past),
      ...(stages.length > 0 && past.plan.repairs.length > 0
        ? [`this brings back what the run repaired: ${past.plan.repairs.join(", ")}`]
        : []),
      ...ways.flatMap(({ notes }) => notes),
      ...(isRefused ? [] : finalities),
      ...(stages.some(({ steps }) => steps.some((step) => step.kind === "table.return")) ? [AGED] : []),
    ],
  };
};

const AGED =
  "the tables come back as they were when they were moved away: a new workflow copies from the start and wants them dropped or empty";

const finality = (past: PastRun, reason: string) => ({
  object: { run: past.plan.id },
  finding: null,
  reason,
  instead: "nothing else of the run is left to take back",
});

const history = (past: PastRun): readonly string[] => [
  ...(past.begun.length === 0 ? [`run ${past.plan.id} changed nothing`] : []),
  ...past.laterRuns.map(({ run, operation, at, finished }) =>
    operation === "undo"
      ? `run ${run} ${finished ? "took it back" : "began to take it back"} at ${at}`
      : `run ${run} dropped what it held at ${at}`,
  ),
];

/** One sentence a reason; what changes nothing needs no way back. */
const withoutInverse = (past: PastRun): readonly string[] => {
  const byReason = new Map<string, string[]>();
  for (const { step, inverse, image } of past.begun) {
    const changes =
      image !== null || step.kind === "tablet.stop" || (step.kind === "keys.export" && step.apply);
    if (inverse.kind !== "none" || !changes) continue;
    byReason.set(inverse.because, [...(byReason.get(inverse.because) ?? []), step.id]);
  }
  return [...byReason].map(([because, steps]) => `not taken back: ${steps.join(", ")}: ${because}`);
};
