import type { StreamRow, SwitchSignRow } from "../gen/tables.js";
import type { WorkflowStreams } from "./workflow-streams.js";

export type SignKind =
  | "journal"
  | "frozen"
  | "cutover-stop"
  | "reverse-running"
  | "target-serves"
  | "source-idle"
  | "to-target"
  | "off-source"
  | "source-disabled"
  | "rule"
  | "shard-rule"
  | "keyspace-rule"
  | "source-denies";

/** One fact that says that traffic is on the targets, on its way there, or not on the sources (`switch_sign` in schema.sql). */
export interface Sign extends Omit<SwitchSignRow, "keyspace" | "workflow" | "ordinal"> {
  readonly kind: SignKind;
  readonly traffic: "reads" | "writes";
}

export const sign = (kind: SignKind, fields: Partial<Sign>): Sign => ({
  traffic: "writes",
  shard: "",
  alias: "",
  cell: "",
  name: "",
  detail: "",
  key: "",
  revision: 0,
  ...fields,
  kind,
});

/** What the topology says of who serves what a workflow moves. */
export interface Switching {
  /** `neither`: the source was told to stop and the target not yet to start, or only in part. */
  readonly writes: "source" | "target" | "neither";
  /** Some replica or rdonly traffic goes to the target. */
  readonly readsOnTarget: boolean;
  readonly signs: readonly Sign[];
}

export type SwitchState = (workflow: WorkflowStreams) => Switching;

export const NEVER_SWITCHED: Switching = { writes: "source", readsOnTarget: false, signs: [] };

/** What the streams and the journals say. `partner`: the streams of the counterpart; null where the sources could not be asked. */
export const streamSigns = (
  workflow: WorkflowStreams,
  partner: readonly StreamRow[] | null,
): readonly Sign[] => [
  ...(workflow.journalFound
    ? [sign("journal", { alias: workflow.journalHolder, name: workflow.migrationId })]
    : []),
  ...workflow.streams.filter((stream) => stream.frozen === 1).map((stream) => ofStream("frozen", stream)),
  ...(workflow.isReverse ? [] : (partner ?? []))
    .filter((stream) => stream.active === 1 && stream.source_keyspace === workflow.keyspace)
    .map((stream) => ({ ...ofStream("reverse-running", stream), name: stream.workflow })),
];

export const cutoverStops = ({ streams }: WorkflowStreams): readonly Sign[] =>
  streams.filter(isStoppedForCutover).map((stream) => ofStream("cutover-stop", stream));

const ofStream = (kind: SignKind, { id, alias, keyspace, shard }: StreamRow): Sign =>
  sign(kind, { alias, shard: `${keyspace}/${shard}`, name: String(id) });

/** By its message (docs/vitess.md#stream-messages). */
const isStoppedForCutover = ({ state, message }: StreamRow): boolean =>
  state === "Stopped" && message === "stopped for cutover";
