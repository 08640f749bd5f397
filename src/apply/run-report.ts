import type { ExitName } from "../cluster/errors.js";
import type { StepResult } from "./run-result.js";

/** `report.json`: how a run ended. */
export interface RunReport {
  readonly run: string;
  readonly exit: ExitName;
  readonly said: string;
  readonly steps: readonly StepResult[];
}
