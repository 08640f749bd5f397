import type { Destroys, Step, StepClass, StepKind } from "../plan.js";

/** What a person reads of a step before saying yes (docs/decisions.md#d13). */
export interface StepText {
  /** The effect. */
  readonly does: string;
  /** What must hold right before it; else the run stops with exit 4. */
  readonly checks: string;
  /** What is read afterwards as proof. */
  readonly proves: string;
  /** The inverse, or the reason why there is none (docs/decisions.md#d20). */
  readonly undo: string;
}

export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** The pure half of a step kind; running it is `src/apply`'s. */
export interface StepSpec<K extends StepKind> {
  readonly kind: K;
  /** The consent that it needs (docs/decisions.md#d14). */
  readonly class: StepClass;
  readonly destroys: Destroys;
  describe(step: StepOf<K>): StepText;
}
