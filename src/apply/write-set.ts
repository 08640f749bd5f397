import type { Plan } from "../plan/plan.js";
import type { KeyRef } from "./step-runner.js";
import { bind } from "./steps/registry.js";

/** Every topology key that the plan may write, its own locks aside (promise P3). */
export const writeSet = (plan: Plan): readonly KeyRef[] =>
  plan.stages.flatMap((stage) => stage.steps).flatMap((step) => bind(step).writes({ plan }));

export function writtenBy(plan: Plan): (at: KeyRef) => boolean {
  const written = new Set(writeSet(plan).map(nameOfKey));
  return (at) => written.has(nameOfKey(at));
}

const nameOfKey = (at: KeyRef): string => `${at.server} ${at.key}`;
