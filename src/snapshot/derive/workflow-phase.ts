import type { StreamRow } from "../gen/tables.js";
import { NEVER_SWITCHED, type Switching } from "./switch-state.js";
import type { WorkflowStreams } from "./workflow.js";

export type Phase =
  | "copying"
  | "running"
  | "reads-switched"
  | "cutover"
  | "cutover-journaled"
  | "switched"
  | "frozen-only"
  | "stopped"
  | "error"
  | "orphaned";

/** What the topology and the other workflows tell of a workflow. */
export interface Evidence {
  /** The topology is known not to have one of its target shards. */
  lacksTargetShard(workflow: WorkflowStreams): boolean;
  switching(workflow: WorkflowStreams): Switching;
  /** The streams of the counterpart in the source keyspace; null where the sources could not be asked. */
  partner(workflow: WorkflowStreams): readonly StreamRow[] | null;
}

/**
 * Where in its life a workflow stands (docs/vitess.md#switch-order; docs/vitess.md#workflow-phases; docs/vitess.md#interrupted-switch).
 * What is hardest to take back decides: a switch before an error, an error before a pause. A journal alone proves no switch, since ids come
 * back (docs/vitess.md#journal-ids). The reverse of an unswitched workflow finds its own target serving, so a reverse workflow is switched
 * only where it is frozen.
 */
export const phaseOf = (workflow: WorkflowStreams, evidence: Evidence): Phase => {
  if (evidence.lacksTargetShard(workflow)) return "orphaned";
  const { streams } = workflow;
  const partner = evidence.partner(workflow);
  const switching = workflow.isReverse ? NEVER_SWITCHED : evidence.switching(workflow);
  const frozen = streams.every((stream) => stream.frozen === 1);
  const stoppedForCutover = streams.some(isStoppedForCutover);
  if (frozen && partner?.length === 0 && workflow.kind !== "CreateLookupIndex") return "frozen-only";
  if (frozen || switching.writes === "target") return "switched";
  const underWay = stoppedForCutover || switching.writes === "neither";
  if (workflow.journalFound && (underWay || (partner?.length ?? 0) > 0)) return "cutover-journaled";
  if (underWay) return "cutover";
  if (switching.readsOnTarget) return "reads-switched";
  if (streams.some(({ state }) => state === "Error")) return "error";
  if (streams.every(({ active }) => active === 0)) return "stopped";
  return streams.some(({ copying }) => copying === 1) ? "copying" : "running";
};

/** By its message (docs/vitess.md#stream-messages). */
const isStoppedForCutover = ({ state, message }: StreamRow): boolean =>
  state === "Stopped" && message === "stopped for cutover";
