import type { StepSpec } from "./spec.js";

export const shardRestore: StepSpec<"shard.restore"> = {
  kind: "shard.restore",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `puts the Shard record of ${step.keyspace}/${step.shard} back, not serving (${step.origin})`,
    checks:
      "that the record does not exist, that the Keyspace record does, and that its tablets' records are there",
    proves: "the record is there and no serving partition lists the shard",
    undo: "none: a shard whose tablets run without its record is the drift that this repairs",
  }),
};
