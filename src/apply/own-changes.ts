import type { Plan } from "../plan/plan.js";
import type { StreamSet } from "../plan/refs.js";
import type { Step } from "../plan/steps/index.js";
import { writeSet } from "../plan/write-set.js";
import type { KeyRef } from "./topo-write.js";

type Streams = Pick<StreamSet, "tablet" | "workflow">;

/** What a run has changed itself, and so must not take for somebody else's doing. */
export interface OwnChanges {
  wroteKey(at: KeyRef): boolean;
  /** Whether the run took streams of the workflow away there, or ended or elected the tablet that shows them. */
  changedStreams(of: Streams): boolean;
}

/** `begun`: steps with an intent in the journal. Each settles by its own check what it wrote; what later steps will write is a guard until then. */
export const ownChanges = (begun: readonly Step[], { cluster }: Pick<Plan, "cluster">): OwnChanges => {
  const writes = writeSet({ stages: [{ title: "", locks: [], steps: begun }], cluster });
  const keys = new Set([
    ...writes.flatMap((write) => (write.kind === "topo-key" ? [nameOf(write)] : [])),
    // An ending vttablet writes its own Tablet record.
    ...begun.flatMap((step) => (step.kind === "tablet.stop" ? [nameOf(step)] : [])),
  ]);
  const processes = new Set(writes.flatMap((write) => (write.kind === "process" ? [write.alias] : [])));
  return {
    wroteKey: (at) => keys.has(nameOf(at)),
    changedStreams: ({ tablet, workflow }) =>
      processes.has(tablet.alias) ||
      begun.some(
        (step) =>
          (step.kind === "stream.delete" || step.kind === "row.clear" || step.kind === "ghost.stop") &&
          step.tablet.alias === tablet.alias &&
          step.workflow === workflow,
      ),
  };
};

const nameOf = ({ server, key }: KeyRef): string => `${server} ${key}`;
