import type { StepSpec } from "./spec.js";
import { srvKeyspaceText } from "./srv-keyspace-words.js";

/** Puts back what is missing; a route that there is stays as it is. */
export const srvkeyspaceRebuild: StepSpec<"srvkeyspace.rebuild"> = {
  kind: "srvkeyspace.rebuild",
  class: "safe",
  destroys: "metadata",
  describe: srvKeyspaceText,
};
