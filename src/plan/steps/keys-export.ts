import type { StepSpec } from "./spec.js";
import { plural, tabletName } from "./words.js";

/** The copy puts secondary keys off into `_vt.post_copy_action`, which goes with the stream (docs/vitess.md#deferred-keys). */
export const keysExport: StepSpec<"keys.export"> = {
  kind: "keys.export",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `saves${step.apply ? " and runs" : ""} ${plural(step.actions.length, "put-off secondary key statement")} of ${step.dbName} on ${tabletName(step.tablet)}, in the run's folder`,
    checks: "that the streams are stopped, so that no copy adds further ones",
    proves: step.apply ? "the tables have the keys" : "the file is on disk",
    undo: step.apply
      ? "not taken back: a key that the source has too does no harm"
      : "not needed: it changes nothing in the cluster",
  }),
};
