import type { StepSpec } from "./spec.js";
import { streamSets } from "./words.js";

export const streamVerifyStopped: StepSpec<"stream.verify-stopped"> = {
  kind: "stream.verify-stopped",
  class: "safe",
  destroys: "nothing",
  describe: (step) => ({
    does: `looks twice, ${step.settleMs / 1000} s apart, at ${streamSets(step.streams)}`,
    checks: "nothing: it only reads",
    proves: "all are Stopped in `_vt` and in the engine, and no position or heartbeat moves",
    undo: "not needed: it changes nothing",
  }),
};
