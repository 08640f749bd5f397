import type { StepSpec } from "./spec.js";

export const shardElect: StepSpec<"shard.elect"> = {
  kind: "shard.elect",
  class: "confirm",
  destroys: "nothing",
  describe: (step) => ({
    does: `lets vtctld at ${step.vtctld} elect ${step.alias} primary of ${step.keyspace}/${step.shard} (PlannedReparentShard)`,
    checks: "that the shard still has no primary",
    proves: "the Shard record names a primary",
    undo: "none: a shard without a primary blocks every workflow command of its keyspace",
  }),
};
