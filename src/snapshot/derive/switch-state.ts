import type { WorkflowStreams } from "./workflow.js";

/** Who serves what a workflow moves. `unknown`: nothing in the topology tells (no rules, or a kind that is never switched). */
export interface Switching {
  /** `neither`: the source was told to stop and the target not yet to start, or only in part. */
  readonly writes: "source" | "target" | "neither" | "unknown";
  /** Some replica or rdonly traffic goes to the target. */
  readonly readsOnTarget: boolean;
}

export type SwitchState = (workflow: WorkflowStreams) => Switching;

export const NEVER_SWITCHED: Switching = { writes: "unknown", readsOnTarget: false };
