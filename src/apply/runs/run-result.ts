import type { ExitName } from "../../cluster/errors.js";
import type { StepKind } from "../../plan/steps/index.js";

/** `done-already`: its end state held before it was run. */
export type StepOutcome = "done" | "done-already";

export interface StepResult {
  readonly id: string;
  readonly kind: StepKind;
  readonly outcome: StepOutcome;
  /** What was seen that proves it, in words. */
  readonly said: string;
}

/** Every step's end state held. Whether the findings are gone is for a new scan to say (exit `unverified`). */
export interface RunResult {
  readonly run: string;
  readonly steps: readonly StepResult[];
  readonly exit: ExitName;
  /** True where a resumed run had nothing left to do. */
  readonly alreadyFinished: boolean;
}

/** `report.json`: how a run ended. */
export interface RunReport {
  readonly run: string;
  readonly exit: ExitName;
  readonly said: string;
  readonly steps: readonly StepResult[];
}
