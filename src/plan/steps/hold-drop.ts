import type { StepSpec } from "./spec.js";
import { quoted, tabletName } from "./words.js";

export const holdDrop: StepSpec<"hold.drop"> = {
  kind: "hold.drop",
  class: "confirm",
  destroys: "data",
  describe: (step) => ({
    does: `drops ${step.tables.length === 0 ? "the empty schema" : quoted(step.tables)}${step.tables.length === 0 ? ` ${step.holdSchema}` : ` in ${step.holdSchema}, and that schema,`} on ${tabletName(step.tablet)}`,
    checks: `that ${step.holdSchema} holds no other table`,
    proves: `${step.holdSchema} does not exist`,
    undo: "none: the rows are gone; what they were copied from still has them",
  }),
};
