import type { Finding } from "../findings/finding.js";
import type { Obstacle } from "./obstacle.js";
import type { Blocked, LockScope, Read } from "./plan.js";
import type { DraftStep } from "./steps/index.js";

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

/** Nothing is done about the findings, for each of these reasons. */
export const refusedDraft = (
  findings: readonly Pick<Finding, "object" | "id">[],
  obstacles: readonly Obstacle[],
): Draft => ({
  ...EMPTY_DRAFT,
  blocked: findings.flatMap(({ object, id }) =>
    obstacles.map((obstacle) => ({ object, finding: id, ...obstacle })),
  ),
});

/** Stages without steps are not worth a lock. */
export const worthRunning = (stages: readonly DraftStage[]): readonly DraftStage[] =>
  stages.filter((stage) => stage.steps.length > 0);
