import type { DraftStep } from "../draft.js";
import type { Blocked, Premise } from "../fields.js";

/** How one step of a run is taken back now. */
export interface InverseSteps {
  readonly steps: readonly DraftStep[];
  readonly premises: readonly Premise[];
  /** What is in the way. It holds back whatever else the stage of the run did, which belongs together. */
  readonly blocked: readonly Blocked[];
  /** What can not come back whatever is done; the rest of the stage does without it. */
  readonly final: readonly Blocked[];
  readonly notes: readonly string[];
}

/** It is as before already, or never had an effect. */
export const NOTHING: InverseSteps = { steps: [], premises: [], blocked: [], final: [], notes: [] };

export const by = (step: DraftStep, premises: readonly Premise[] = []): InverseSteps => ({
  ...NOTHING,
  steps: [step],
  premises,
});

export const blockedBy = (blocked: Omit<Blocked, "finding">): InverseSteps => ({
  ...NOTHING,
  blocked: [{ ...blocked, finding: null }],
});

export const noted = (note: string): InverseSteps => ({ ...NOTHING, notes: [note] });
