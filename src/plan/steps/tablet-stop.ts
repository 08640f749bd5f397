import type { StepSpec } from "./spec.js";
import { tabletName } from "./words.js";

/** The one step that sends a publishing call to a process without a record (docs/decisions.md#d19, docs/vitess.md#stopping-an-orphan). */
export const tabletStop: StepSpec<"tablet.stop"> = {
  kind: "tablet.stop",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does:
      step.command === null
        ? `lets the vttablet of ${tabletName(step.tablet)} publish its state, which ends it, as its record is gone; its MySQL runs on with its data`
        : `ends the vttablet of ${tabletName(step.tablet)} with \`${step.command.join(" ")}\`; its MySQL is not touched`,
    checks:
      step.command === null
        ? `that ${step.key} does not exist and that the process at the address is ${step.tablet.alias}`
        : `that the process at the address is ${step.tablet.alias}`,
    proves: "nothing listens at the address any more",
    undo: "none by vtdoctor: start the vttablet again; it then writes its records itself, and the shard is back without a primary",
  }),
};
