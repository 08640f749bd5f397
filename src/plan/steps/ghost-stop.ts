import type { StepSpec } from "./spec.js";
import { tabletName } from "./words.js";

/**
 * The one SQL statement on `_vt` that vtdoctor sends (docs/decisions.md#d15): no call reaches a stream that has no row
 * (docs/vitess.md#ghosts).
 */
export const ghostStop: StepSpec<"ghost.stop"> = {
  kind: "ghost.stop",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `gives stream ${step.stream} of ${step.workflow}, which runs in the engine of ${tabletName(step.tablet)} without a row, a row again as Stopped, and deletes it through the tablet, which ends the stream`,
    checks: `that the process at the address is ${step.tablet.alias}, is PRIMARY, and that its engine has the stream and \`_vt.vreplication\` has no row of that id, in this order`,
    proves: "neither the engine nor `_vt.vreplication` has a stream of that id",
    undo: "none: the stream's row was gone before, and with it its position",
  }),
};
