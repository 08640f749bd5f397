import type { StepSpec } from "./spec.js";
import { quoted, tabletName } from "./words.js";

/** One RENAME TABLE into a schema of ours (docs/decisions.md#d18; docs/vitess.md#held-tables). */
export const tableHold: StepSpec<"table.hold"> = {
  kind: "table.hold",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `moves ${quoted(step.tables)} from ${step.dbName} to ${step.holdSchema} on ${tabletName(step.tablet)}${step.views.length === 0 ? "" : `; the views ${quoted(step.views)} stay and can not be read meanwhile`}`,
    checks:
      "that all streams into the tables are stopped, that the shard serves nothing of them, and that they have no triggers",
    proves: `the tables are in ${step.holdSchema} and no longer in ${step.dbName}`,
    undo: "renamed back, by the statement that the run prints at its end",
  }),
};
