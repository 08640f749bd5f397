import type { StepSpec } from "./spec.js";
import { streamNames, tabletName } from "./words.js";

/** VReplicationExec update to Stopped: the engine ends its goroutine before it answers (docs/vitess.md#vreplicationexec). */
export const streamStop: StepSpec<"stream.stop"> = {
  kind: "stream.stop",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `stops ${streamNames(
      step.workflow,
      step.rows.map((row) => row.id),
    )} on ${tabletName(step.tablet)}`,
    checks: `that the process at the address is ${step.tablet.alias}, is PRIMARY, and has exactly these rows of ${step.dbName}`,
    proves: "every listed row says Stopped, and so does the engine",
    undo: step.orphan
      ? "none: a stream is never restarted on an orphan, because no Vitess command could reach it to stop it again"
      : "every stream whose row is still there is set back to its earlier state",
  }),
};
