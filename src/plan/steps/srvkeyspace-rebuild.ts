import type { StepSpec } from "./spec.js";
import { srvKeyspaceText } from "./srv-keyspace-words.js";

/** What the Shard records and the other cells say anyway. */
export const srvkeyspaceRebuild: StepSpec<"srvkeyspace.rebuild"> = {
  kind: "srvkeyspace.rebuild",
  class: "safe",
  destroys: "metadata",
  describe: srvKeyspaceText,
};
