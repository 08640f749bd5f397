import type { StepSpec } from "./spec.js";
import { tabletName } from "./words.js";

export const vdiffDelete: StepSpec<"vdiff.delete"> = {
  kind: "vdiff.delete",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `deletes the VDiff reports of ${step.keyspace}.${step.workflow} on ${tabletName(step.tablet)}`,
    checks: `that the process at the address is ${step.tablet.alias} and is PRIMARY`,
    proves: "`_vt.vdiff` has no row of the workflow",
    undo: "none: a report describes a comparison that has ended with its streams",
  }),
};
