import type { StepSpec } from "./spec.js";

/** The lease goes, not the key: that is how Vitess gives a lock back (docs/vitess.md#lock-order). */
export const lockClear: StepSpec<"lock.clear"> = {
  kind: "lock.clear",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `revokes the lease ${step.lease} of the abandoned lock ${step.key}`,
    checks: `that the lock is still the one of revision ${step.modRevision}`,
    proves: "the key is gone",
    undo: "none: a lock can not be given back to a holder that is gone; the next operation takes its own",
  }),
};
