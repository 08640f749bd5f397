import type { StepSpec } from "./spec.js";

export const tabletStayAway: StepSpec<"tablet.stay-away"> = {
  kind: "tablet.stay-away",
  class: "safe",
  destroys: "nothing",
  describe: (step) => ({
    does: `watches for ${step.watchMs / 1000} s that no supervisor starts ${step.tablets.map(({ alias }) => alias).join(", ")} again`,
    checks: "nothing",
    proves: "no process of them answers and none of their records and their shard's came back",
    undo: "not needed: it only looks",
  }),
};
