import type { StepSpec } from "./spec.js";
import { quoted } from "./words.js";

export const routingRemove: StepSpec<"routing.remove"> = {
  kind: "routing.remove",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `removes the routing rules from ${quoted(step.fromTables)}`,
    checks: `that ${step.key} is still at revision ${step.modRevision}`,
    proves: "no rule of that name is left; all others are as they were",
    undo: "the record is put back byte for byte, if nobody changed it meanwhile",
  }),
};
