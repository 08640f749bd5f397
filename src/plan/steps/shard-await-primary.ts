import type { StepSpec } from "./spec.js";

export const shardAwaitPrimary: StepSpec<"shard.await-primary"> = {
  kind: "shard.await-primary",
  class: "safe",
  destroys: "nothing",
  describe: (step) => ({
    does: `waits up to ${step.timeoutMs / 1000} s for ${step.alias} to name itself in the Shard record of ${step.keyspace}/${step.shard}`,
    checks: "nothing: it only reads, and holds no lock",
    proves: `the Shard record names ${step.alias} as its primary`,
    undo: "not needed: it changes nothing",
  }),
};
