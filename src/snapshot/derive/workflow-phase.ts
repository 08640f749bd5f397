import type { StreamRow } from "../gen/tables.js";
import { cutoverStops, NEVER_SWITCHED, type Sign, type Switching, streamSigns } from "./switch-sign.js";
import type { WorkflowStreams } from "./workflow-streams.js";

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
export interface SwitchLookups {
  /** The topology is known not to have one of its target shards. */
  lacksTargetShard(workflow: WorkflowStreams): boolean;
  switching(workflow: WorkflowStreams): Switching;
  /** The streams of the counterpart in the source keyspace; null where the sources could not be asked. */
  partner(workflow: WorkflowStreams): readonly StreamRow[] | null;
}

/** Where a workflow stands, and what of it says that it is, or is about to be, switched. */
export interface Progress {
  readonly phase: Phase;
  readonly signs: readonly Sign[];
}

export const progressOf = (workflow: WorkflowStreams, lookups: SwitchLookups): Progress => {
  const partner = lookups.partner(workflow);
  const switching = workflow.isReverse ? NEVER_SWITCHED : lookups.switching(workflow);
  // In this order a way out is told: what stands in the topology comes before the streams that were stopped for it.
  const signs = [...streamSigns(workflow, partner), ...switching.signs, ...cutoverStops(workflow)];
  return {
    phase: lookups.lacksTargetShard(workflow)
      ? "orphaned"
      : phaseOf(workflow, { ...switching, signs }, partner),
    signs,
  };
};

/**
 * Where in its life a workflow stands (docs/vitess.md#switch-order; docs/vitess.md#workflow-phases; docs/vitess.md#interrupted-switch).
 * What is hardest to take back decides: a switch before an error, an error before a pause. A journal alone proves no switch, since ids come
 * back (docs/vitess.md#journal-ids). The reverse of an unswitched workflow finds its own target serving, so a reverse workflow is switched
 * only where it is frozen.
 */
const phaseOf = (
  workflow: WorkflowStreams,
  switching: Switching,
  partner: readonly StreamRow[] | null,
): Phase => {
  const { streams } = workflow;
  const frozen = streams.every((stream) => stream.frozen === 1);
  const stoppedForCutover = switching.signs.some(({ kind }) => kind === "cutover-stop");
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
