import type { StepSpec } from "./spec.js";
import { streamNames, tabletName } from "./words.js";

/** DeleteVReplicationWorkflow, never SQL: a row deleted by SQL leaves a running ghost (docs/vitess.md#ghosts). */
export const streamDelete: StepSpec<"stream.delete"> = {
  kind: "stream.delete",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `deletes ${streamNames(
      step.workflow,
      step.rows.map((row) => row.id),
    )} and the copy state on ${tabletName(step.tablet)}`,
    checks:
      "that every listed stream is proven stopped, that the tablet has no other rows of the workflow, and that the secondary keys that they put off are saved",
    proves: "no row of the workflow is left",
    undo: "none: a stream that was taken apart can not go on where it stood; the rows are saved in the run's folder, and a new workflow copies again",
  }),
};
