import type { StepSpec } from "./spec.js";
import { quoted } from "./words.js";

export const vschemaRemoveTables: StepSpec<"vschema.remove-tables"> = {
  kind: "vschema.remove-tables",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `removes ${quoted(step.tables)} from the VSchema of ${step.keyspace}`,
    checks: `that ${step.key} is still at revision ${step.modRevision}`,
    proves: "the VSchema no longer lists them; all else in it is as it was",
    undo: "the record is put back byte for byte, if nobody changed it meanwhile",
  }),
};
