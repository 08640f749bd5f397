import type { StepSpec } from "./spec.js";

/**
 * Not vtctld's DeleteShards (docs/decisions.md#d21), which vtctld does by name alone: it neither asks whether the processes have ended nor
 * sees that somebody wrote meanwhile.
 */
export const recordRemove: StepSpec<"record.remove"> = {
  kind: "record.remove",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `takes the ${step.of} record of ${step.keyspace}/${step.shard} away (${step.key})`,
    checks: `that nothing listens where ${step.members.join(", ")} ran, and that ${CONDITIONS[step.of]}`,
    proves: "the key does not exist",
    undo: "the record is put back byte for byte, if nobody made it anew meanwhile; the vttablets are yours to start",
  }),
};

const CONDITIONS = {
  Tablet: "the record is one of these tablets' and names no other process",
  ShardReplication: "the record lists no other tablet",
  Shard: "the shard does not serve and no other tablet is its primary",
} as const;
