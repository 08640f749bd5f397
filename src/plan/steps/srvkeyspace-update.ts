import type { StepSpec } from "./spec.js";
import { srvKeyspaceText } from "./srv-keyspace-words.js";

/** Changes a route that there is: a decision about which shards take queries. */
export const srvkeyspaceUpdate: StepSpec<"srvkeyspace.update"> = {
  kind: "srvkeyspace.update",
  class: "confirm",
  destroys: "metadata",
  describe: srvKeyspaceText,
};
