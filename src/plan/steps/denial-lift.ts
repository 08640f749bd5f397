import type { StepSpec } from "./spec.js";
import { quoted } from "./words.js";

export const denialLift: StepSpec<"denial.lift"> = {
  kind: "denial.lift",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `takes ${quoted(step.tables)} off the denied tables of ${step.keyspace}/${step.shard}`,
    checks: `that the Shard record is still at revision ${step.modRevision}`,
    proves: "the Shard record no longer denies them; tablets follow with their refresh",
    undo: "the same tables are denied again",
  }),
};
