import type { StepSpec } from "./spec.js";

export const recordPutBack: StepSpec<"record.put-back"> = {
  kind: "record.put-back",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `puts back ${step.what} (${step.key})`,
    checks:
      step.modRevision === 0
        ? "that the key does not exist"
        : `that the key is still at revision ${step.modRevision}`,
    proves: "the key has that value, byte for byte",
    undo: "none: repeat what is taken back here (a new plan decides whether that is still safe)",
  }),
};
