import type { StepSpec } from "./spec.js";

export const srvvschemaRebuild: StepSpec<"srvvschema.rebuild"> = {
  kind: "srvvschema.rebuild",
  class: "safe",
  destroys: "metadata",
  describe: (step) => ({
    does: `builds SrvVSchema again in ${step.cells.join(", ")} from the VSchemas and routing rules`,
    checks: "that each cell's record is the one just read",
    proves: "each cell's record equals what VSchemas and rules give",
    undo: "not needed: it is derived; after an undo of its sources it is built again",
  }),
};
