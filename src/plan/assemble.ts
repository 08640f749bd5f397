import { distinct } from "../cluster/distinct.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { Draft, DraftStep, Judge, PlanContext } from "./draft.js";
import { planCluster } from "./facts/cluster.js";
import type { Premise } from "./fields.js";
import type { Routed } from "./foresight/compare.js";
import { type Played, play } from "./foresight/play.js";
import { foresee, type Subject } from "./foresight/sound.js";
import { NO_NAMES, type Plan, type PlanCluster, type Stage } from "./plan.js";
import { classOf, destroysOf, type Step, subjectOf } from "./steps/index.js";

/** A plan that waits longer was made for another day; its reads would most likely be stale anyway. */
const LIFETIME_MS = 24 * 3600 * 1000;

export interface Heading {
  readonly id: string;
  readonly operation: Plan["operation"];
  readonly run?: string;
  readonly command: string;
}

/** Gives a draft its heading, its step ids and its consent classes, and plays it unless that was done. Throws as `foreseenPlan`. */
export const assemble = (
  snapshot: Snapshot,
  heading: Heading,
  draft: Draft,
  context: PlanContext,
  played?: Played,
): Plan => foreseenPlan(snapshot, unplayed(snapshot, heading, draft, context), context.judge, { played });

const unplayed = (snapshot: Snapshot, heading: Heading, draft: Draft, context: PlanContext): Plan => ({
  kind: "vtdoctor-plan",
  schema: 1,
  ...heading,
  repairs: [...new Set(draft.repairs)].sort(),
  createdAt: context.now,
  expiresAt: context.now + LIFETIME_MS,
  cluster: lasting(planCluster(snapshot), draft),
  premises: distinctPremises(draft.premises),
  stages: numbered(draft),
  // Two repairs may say the same.
  blocked: distinct(draft.blocked),
  notes: [...new Set(draft.notes)],
});

/** A record that the plan takes away tells nobody any more which cluster this is: an undo, or new tablets, write it anew. */
const lasting = (cluster: PlanCluster, { stages }: Draft): PlanCluster => {
  const removed = stages.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === "record.remove" ? [step.key] : [])),
  );
  return { ...cluster, marks: cluster.marks.filter(({ key }) => !removed.includes(key)) };
};

interface Foreseeing {
  /** Absent: it is played now. */
  readonly played?: Played | undefined;
  /** It is what is left of a run, on a snapshot of what the run has come to: where queries led before that; null: it is not known. */
  readonly begunOn?: Routed | null;
}

/** The plan with what is foreseen of it on this snapshot. Throws `RefusedError` where it would harm somebody (docs/decisions.md#d24). */
export const foreseenPlan = (
  snapshot: Snapshot,
  plan: Plan,
  judge: Judge,
  { played, begunOn }: Foreseeing = {},
): Plan => {
  const all = plan.stages.flatMap(({ steps }) => steps);
  if (all.length === 0) return plan;
  const names = plan.foreseen?.names ?? NO_NAMES;
  const begun = begunOn === undefined ? undefined : { names, paths: begunOn };
  const { foreseen, steps } = foresee(
    played ?? play(snapshot, all, { judge, alarms: plan.operation === "undo" ? "told" : "refused" }, begun),
    all,
    begun === undefined ? wholeOf(plan) : restOf(plan),
  );
  const byId = new Map(steps.map((step) => [step.id, step]));
  const stages = plan.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => byId.get(step.id) ?? step),
  }));
  return { ...plan, stages, foreseen };
};

const wholeOf = ({ operation }: Plan): Subject => ({
  is: `the plan of this ${operation}`,
  afterwards: "then scan and plan again",
});

const restOf = ({ id, run }: Plan): Subject => ({
  is: `what is left of run ${id}`,
  afterwards:
    run === undefined ? `then resume it, or take it back with vtdoctor undo ${id}` : "then resume it",
});

const numbered = (draft: Draft): readonly Stage[] => {
  const width = Math.max(2, String(draft.stages.flatMap((stage) => stage.steps).length).length);
  let number = 0;
  return draft.stages.map((stage) => ({
    title: stage.title,
    locks: stage.locks,
    steps: stage.steps.map((step) => {
      number += 1;
      return finished(`${String(number).padStart(width, "0")}-${step.kind}-${subjectOf(step)}`, step);
    }),
  }));
};

const finished = (id: string, step: DraftStep): Step =>
  ({ id, class: classOf(step), destroys: destroysOf(step), ...step }) as Step;

/** Each fact once, in an order that does not depend on the recipes'. */
const distinctPremises = (premises: readonly Premise[]): readonly Premise[] => {
  const byName = new Map(premises.map((premise) => [nameOf(premise), premise]));
  return [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, premise]) => premise);
};

const nameOf = (premise: Premise): string =>
  premise.kind === "topo-key"
    ? JSON.stringify([0, premise.server, premise.key])
    : JSON.stringify([1, premise.tablet.alias, premise.workflow, premise.dbName]);
