import type { StepSpec } from "./spec.js";
import { streamSets } from "./words.js";

export const streamVerifyGone: StepSpec<"stream.verify-gone"> = {
  kind: "stream.verify-gone",
  class: "safe",
  destroys: "nothing",
  describe: (step) => ({
    does: `looks, ${step.settleMs / 1000} s apart, for what is left of ${streamSets(step.streams)}`,
    checks: "nothing: it only reads",
    proves: "`_vt` has no row, the engine no stream, and no data arrives from them",
    undo: "not needed: it changes nothing",
  }),
};
