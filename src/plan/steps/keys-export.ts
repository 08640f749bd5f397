import type { StepSpec } from "./spec.js";
import { plural, streamNames, tabletName } from "./words.js";

/** The copy puts secondary keys off into `_vt.post_copy_action`, which goes with the stream (docs/vitess.md#deferred-keys). */
export const keysExport: StepSpec<"keys.export"> = {
  kind: "keys.export",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `saves${step.apply ? " and runs" : ""} ${step.actions.length === 0 ? `what secondary key statements ${streamNames(step.workflow, step.ids)} put off until then, none so far,` : plural(step.actions.length, "put-off secondary key statement")} of ${step.dbName} on ${tabletName(step.tablet)}, in the run's folder`,
    checks:
      "what `_vt.post_copy_action` says then: a statement that was put off since the plan was made is taken too, and one that is not there is not sent",
    proves: step.apply ? "the file is on disk, and the tables have the keys" : "the file is on disk",
    undo: step.apply
      ? "not taken back: a key that the source has too does no harm"
      : "not needed: it changes nothing in the cluster",
  }),
};
