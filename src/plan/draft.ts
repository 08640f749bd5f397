import type { Snapshot } from "../snapshot/snapshot.js";
import type { Blocked, LockScope, Read } from "./refs.js";

/** What stands in the way of a repair, without its place, and what the operator can do about it. */
export interface Obstacle {
  readonly reason: string;
  readonly instead: string;
}

export const isObstacle = <T extends object>(value: T | Obstacle): value is Obstacle =>
  "reason" in value && "instead" in value;

/** One thing that can stand in the way of repairs, looked up for `scope`; empty: it does not. */
export type Guard<Scope> = (snapshot: Snapshot, scope: Scope) => readonly Obstacle[];

/** All that stands in the way, in the order of the guards. */
export const obstaclesTo = <Scope>(
  guards: readonly Guard<Scope>[],
  snapshot: Snapshot,
  scope: Scope,
): readonly Obstacle[] => guards.flatMap((guard) => guard(snapshot, scope));

/**
 * The values of each kind of step, by its name. Each file of `steps/` adds what it declares, so that a repair rests on the steps that it
 * takes, and not on all that there are.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled where the kinds are declared
export interface StepValues {}

/** A step before it has its place in the plan; class and losses follow from its kind. */
export type DraftStep = { [K in keyof StepValues]: { readonly kind: K } & StepValues[K] }[keyof StepValues];

export interface DraftStage {
  readonly title: string;
  readonly locks: readonly LockScope[];
  readonly steps: readonly DraftStep[];
}

/** What one recipe contributes to a plan. */
export interface Draft {
  /** Ids of findings that are gone when its steps are done; a finding that it only makes smaller is not among them. */
  readonly repairs: readonly string[];
  readonly stages: readonly DraftStage[];
  readonly reads: readonly Read[];
  readonly blocked: readonly Blocked[];
  readonly notes: readonly string[];
}

export const EMPTY_DRAFT: Draft = { repairs: [], stages: [], reads: [], blocked: [], notes: [] };

export const joinDrafts = (drafts: readonly Draft[]): Draft => ({
  repairs: drafts.flatMap((draft) => draft.repairs),
  stages: drafts.flatMap((draft) => draft.stages),
  reads: drafts.flatMap((draft) => draft.reads),
  blocked: drafts.flatMap((draft) => draft.blocked),
  notes: drafts.flatMap((draft) => draft.notes),
});

/** Stages without steps are not worth a lock. */
export const worthRunning = (stages: readonly DraftStage[]): readonly DraftStage[] =>
  stages.filter((stage) => stage.steps.length > 0);
