import type { StepKind, StepOf } from "../plan/steps/index.js";
import type { Site } from "./site.js";
import type { Check, Effect, Known } from "./verdict.js";

/**
 * How one kind of step is done. `check` and `verify` only read; `run` is one attempt and may be repeated after a crash, so it
 * ends in the same state however often it runs.
 */
export interface StepRunner<K extends StepKind> {
  /** Reads what is there before, which is kept in the run's folder before the intent; null where nothing is changed. */
  readonly image: ((step: StepOf<K>, site: Site) => Promise<Known<unknown>>) | null;
  /** Whether it may run now. Asked before the intent is written, and again when a run is resumed. */
  check(step: StepOf<K>, site: Site): Promise<Check>;
  run(step: StepOf<K>, site: Site): Promise<Effect>;
  /** Whether its end state holds, whatever `run` was told; `ready` where it does not (yet). */
  verify(step: StepOf<K>, site: Site, effect: Effect): Promise<Check>;
}
