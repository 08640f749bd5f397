import type { StepSpec } from "./spec.js";
import { quoted, tabletName } from "./words.js";

export const tableDrop: StepSpec<"table.drop"> = {
  kind: "table.drop",
  class: "confirm",
  destroys: "data",
  describe: (step) => ({
    does: `drops ${quoted(step.tables)} of ${step.dbName} on ${tabletName(step.tablet)}`,
    checks: "that all streams into the tables are stopped and that the shard serves nothing of them",
    proves: "the tables are gone",
    undo: "none: dropped tables only come back by a new copy from the source",
  }),
};
