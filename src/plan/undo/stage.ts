import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { processesOfAlias, tabletRef } from "../facts/processes.js";
import type { BegunStep, PastRun } from "../past-run.js";
import type { Stage } from "../plan.js";
import { subjectOfChange } from "../records/change.js";
import type { Step } from "../steps/index.js";
import { dropBack, tablesBack } from "./held-tables.js";
import { by, type InverseSteps, NOTHING, noted } from "./inverse-steps.js";
import { streamsBack } from "./restarted-streams.js";
import { recordBack, writesRecord } from "./written-records.js";

/**
 * A stage comes back whole or not at all: rules that lead to tables, denials that guard them and streams that fill them do harm without
 * them. Its tables come first, so that one that can not be moved after all stops the undo before anything else of the stage is changed.
 */
export const stageBack = (
  snapshot: Snapshot,
  past: PastRun,
  stage: Stage,
  /** Of the undo, for the stages that were run behind this one. */
  earlier: readonly DraftStep[],
): InverseSteps => {
  const begun = past.begun.filter(({ step }) => stage.steps.some(({ id }) => id === step.id));
  const own = joined(begun.toReversed().map((each) => stepBack(snapshot, past, each, begun, earlier)));
  if (own.blocked.length > 0) {
    return {
      ...NOTHING,
      blocked: [...own.blocked, ...(own.steps.length === 0 ? [] : stays(past, stage, own.steps))],
      final: own.final,
    };
  }
  const again = own.steps.some((step) => step.kind === "record.write")
    ? stage.steps.map((step) => runAgain(snapshot, step))
    : [];
  return joined([{ ...own, steps: own.steps.toSorted((one, other) => rank(one) - rank(other)) }, ...again]);
};

const joined = (ways: readonly InverseSteps[]): InverseSteps => ({
  steps: ways.flatMap((way) => way.steps),
  premises: ways.flatMap((way) => way.premises),
  blocked: ways.flatMap((way) => way.blocked),
  final: ways.flatMap((way) => way.final),
  notes: ways.flatMap((way) => way.notes),
});

const rank = (step: DraftStep): number => (step.kind === "table.return" ? 0 : 1);

const stays = (past: PastRun, stage: Stage, steps: readonly DraftStep[]) => [
  {
    object: { run: past.plan.id },
    finding: null,
    reason: `what belongs together comes back together, so nothing of "${stage.title}" is taken back: also not ${steps.map(partOf).join("; ")}`,
    instead: `leave it so where the cluster serves as it should; else settle what is in the way, then vtdoctor undo ${past.plan.id}`,
  },
];

const partOf = (step: DraftStep): string => {
  switch (step.kind) {
    case "record.write":
      return subjectOfChange(step);
    case "table.return":
      return `the held tables ${step.tables.join(", ")} on ${step.tablet.alias}`;
    case "stream.restart":
      return `the streams of ${step.workflow} on ${step.tablet.alias}, which stay stopped`;
    default:
      return step.kind;
  }
};

const stepBack = (
  snapshot: Snapshot,
  past: PastRun,
  begun: BegunStep,
  ofStage: readonly BegunStep[],
  earlier: readonly DraftStep[],
): InverseSteps => {
  const { step, inverse, image, ended } = begun;
  switch (inverse.kind) {
    case "move-tables-back":
      return tablesBack(snapshot, past, inverse, begun);
    case "set-states-back":
      return streamsBack(snapshot, past, inverse, image);
    case "put-key-back":
    case "delete-key":
      return !writesRecord(step) ? NOTHING : recordBack(snapshot, past, { step, image, ofStage, earlier });
    case "none":
      return step.kind === "table.drop" ? dropBack(snapshot, step, ended) : NOTHING;
    case "run-again":
    case "not-needed":
      return NOTHING;
  }
};

/** What only reads or recomputes is done once more when the records are back, whether the run had come so far or not. */
const runAgain = (snapshot: Snapshot, step: Step): InverseSteps => {
  if (step.kind === "srvvschema.rebuild") return by({ kind: "srvvschema.rebuild", cells: step.cells });
  if (step.kind !== "tablet.refresh") return NOTHING;
  const { tablet, mayFail } = step;
  const [process] = processesOfAlias(snapshot, tablet.alias);
  if (process === undefined) {
    return noted(`${tablet.alias} does not answer: it heeds what was put back when it starts again`);
  }
  return by({
    kind: "tablet.refresh",
    tablet: tabletRef(snapshot, process),
    ...(mayFail === undefined ? {} : { mayFail }),
  });
};
