import type { StepSpec } from "./spec.js";
import { tabletName } from "./words.js";

export const tabletRefresh: StepSpec<"tablet.refresh"> = {
  kind: "tablet.refresh",
  class: "safe",
  destroys: "nothing",
  describe: (step) => ({
    does: `lets ${tabletName(step.tablet)} read its Shard and SrvKeyspace records again`,
    checks: `that the process at the address is ${step.tablet.alias} and that both records exist`,
    proves: "the tablet answers without an error",
    undo: "not needed: it follows the records, so after their undo it is run again",
  }),
};
