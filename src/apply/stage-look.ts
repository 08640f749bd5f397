import type { Stage } from "../plan/plan.js";

/** What a new look at the objects of a run says of their query paths (docs/runs.md#after-each-stage). */
export interface Looked {
  /**
   * `well`: what was served is served, or was taken away on purpose. `worse`: something is not any more. `unseen`: it can not be told, for
   * somebody who answered before the run does not answer now.
   */
  readonly verdict: "well" | "worse" | "unseen";
  /** The paths of `worse`, or what was not seen, in words. */
  readonly said: readonly string[];
  /** What is worse and the run does not touch: no reason to stop. */
  readonly elsewhere: readonly string[];
  /** The paths as they are now: what the next look is compared with, after a crash too. A JSON value. */
  readonly paths: unknown;
}

/** Looks at the cluster between the stages of a run. It waits itself until the cluster has followed; it throws DoctorErrors. */
export interface StageLook {
  /** Before the first stage of this process. `kept`: `paths` of the run's last look that was well, of an earlier process; null: none. */
  before(kept: unknown): Promise<Looked>;
  /** After a stage that changed something. */
  after(stage: Stage): Promise<Looked>;
}
