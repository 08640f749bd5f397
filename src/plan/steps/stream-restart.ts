import type { StepSpec } from "./spec.js";
import { streamNames, tabletName } from "./words.js";

/** VReplicationExec update by id, guarded by the message that the run left (docs/vitess.md#vreplicationexec). */
export const streamRestart: StepSpec<"stream.restart"> = {
  kind: "stream.restart",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `sets ${streamNames(
      step.workflow,
      step.rows.map((row) => row.id),
    )} on ${tabletName(step.tablet)} back to ${[...new Set(step.rows.map((row) => row.state))].join(", ")}`,
    checks: `that each of them is Stopped, with the message of run ${step.stoppedBy}`,
    proves: "none of them carries that message any more",
    undo: "none: cancel the workflow again, or stop it with vtctldclient",
  }),
};
