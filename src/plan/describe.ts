import type { Step, StepKind } from "./plan.js";
import { STEP_SPECS } from "./steps/index.js";
import type { StepOf, StepSpec, StepText } from "./steps/spec.js";

export type { StepText } from "./steps/spec.js";

/** What a step does, checks, proves, and how it is taken back, in words (docs/decisions.md#d13). */
export const describeStep = (step: Step): StepText => describeAs(step.kind, step);

const describeAs = <K extends StepKind>(kind: K, step: StepOf<K>): StepText => {
  const spec: StepSpec<K> = STEP_SPECS[kind];
  return spec.describe(step);
};
