import type { StepSpec } from "./spec.js";
import { streamNames, tabletName } from "./words.js";

/** The one SQL deletion of stream rows: only where every engine of the shard is closed (docs/vitess.md#rows-by-sql). */
export const rowClear: StepSpec<"row.clear"> = {
  kind: "row.clear",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `sets ${streamNames(
      step.workflow,
      step.rows.map(({ id }) => id),
    )} to Stopped in the MySQL behind ${tabletName(step.tablet)}, then deletes deferred keys, copy state and rows, in this order`,
    checks: `before each statement, that no tablet of ${step.tablet.keyspace}/${step.tablet.shard} is PRIMARY and that its record names none: an open engine would run on without its row`,
    proves: "no row and no copy state of the workflow is left",
    undo: "none: the rows are saved in the run's folder; a cancelled workflow is not taken up again",
  }),
};
