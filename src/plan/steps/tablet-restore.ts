import type { StepSpec } from "./spec.js";
import { tabletName } from "./words.js";

/** Tablet and ShardReplication in one transaction, create-only (docs/decisions.md#d17; docs/vitess.md#putting-records-back). */
export const tabletRestore: StepSpec<"tablet.restore"> = {
  kind: "tablet.restore",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `puts the Tablet record of ${tabletName(step.tablet)} back and lists it in its ShardReplication (${step.origin})`,
    checks: `that ${step.tablet.alias} answers at its address and that its record does not exist`,
    proves: "the record is there with these bytes and ShardReplication lists the alias once",
    undo: "none: the process runs; a running process whose record is missing ends itself when it next publishes",
  }),
};
