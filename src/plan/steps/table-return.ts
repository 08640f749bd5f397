import type { StepSpec } from "./spec.js";
import { quoted, tabletName } from "./words.js";

/** One RENAME TABLE out of our schema, the way back of `table.hold` (docs/decisions.md#d18). */
export const tableReturn: StepSpec<"table.return"> = {
  kind: "table.return",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `moves ${quoted(step.tables)} from ${step.holdSchema} back to ${step.dbName} on ${tabletName(step.tablet)}${step.views.length === 0 ? "" : `; the views ${quoted(step.views)} can be read again`}`,
    checks: `that all of them are in ${step.holdSchema} and none of these names exists in ${step.dbName}`,
    proves: `the tables are in ${step.dbName}, and ${step.holdSchema} is gone if nothing else is in it`,
    undo: "none: repeat what is taken back here (a new plan decides whether that is still safe)",
  }),
};
