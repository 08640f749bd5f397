import type { Inverse } from "./kind.js";
import type { Plan } from "./plan.js";
import type { Step } from "./steps/index.js";

/** A run as its folder tells it: what `undo` and `purge` are planned on. */
export interface PastRun {
  readonly plan: Plan;
  /** Steps that were begun, in the order of the run. Whether one that has no result had its effect is for reality to say. */
  readonly begun: readonly BegunStep[];
  readonly finished: boolean;
  /** Runs that took this one back or dropped what it held, oldest first; only those that began something. */
  readonly laterRuns: readonly LaterRun[];
}

export interface BegunStep {
  readonly step: Step;
  readonly inverse: Inverse;
  /** What was there before, as the step kept it; null where it keeps nothing. */
  readonly image: unknown;
  /** Its end state was seen: it had its effect, whatever others did since. */
  readonly ended: boolean;
}

export interface LaterRun {
  readonly run: string;
  readonly operation: "undo" | "purge";
  /** ISO 8601. */
  readonly at: string;
  readonly finished: boolean;
  readonly begun: readonly Step[];
  /** Steps of it whose end state was seen. */
  readonly done: readonly Step[];
}

/** The before-image of a topology key; values are base64, null: the key did not exist. */
export interface KeyImage {
  readonly server: string;
  readonly key: string;
  readonly modRevision: number;
  readonly value: string | null;
  /** What the step wrote; absent where the step did not say. */
  readonly becomes?: string | null;
}

export const isKeyImage = (image: unknown): image is KeyImage =>
  typeof image === "object" && image !== null && "key" in image && "server" in image && "value" in image;
