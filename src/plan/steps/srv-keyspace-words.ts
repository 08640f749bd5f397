import type { SrvKeyspace, SrvKeyspace_KeyspacePartition } from "../../proto/gen/topodata_pb.js";
import { TabletType } from "../../proto/gen/topodata_pb.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import type { SrvKeyspaceWrite } from "../plan.js";
import type { StepText } from "./spec.js";

/** What a person reads of a new SrvKeyspace: what differs from the one that it replaces, told from the bytes of both. */
export const srvKeyspaceText = (step: SrvKeyspaceWrite): StepText => ({
  does: `${step.before === "" ? "writes" : "changes"} SrvKeyspace of ${step.keyspace} in cell ${step.cell}: ${changes(step).join("; ") || "nothing that a query notices"}`,
  checks:
    step.before === ""
      ? `that ${step.key} does not exist`
      : `that ${step.key} is still at revision ${step.modRevision}`,
  proves: "the record is the one of the plan; its other fields, known and unknown, are as they were",
  undo:
    step.before === ""
      ? "the record is deleted again, if nobody changed it meanwhile"
      : "the record is put back byte for byte, if nobody changed it meanwhile",
});

const changes = (step: SrvKeyspaceWrite): readonly string[] => {
  const before = partitions(step.before);
  const after = partitions(step.value);
  return [...after].flatMap(([type, partition]) => {
    const old = before.get(type);
    return [...routes(type, old, partition), ...controls(type, old, partition)];
  });
};

const routes = (
  type: string,
  before: SrvKeyspace_KeyspacePartition | undefined,
  after: SrvKeyspace_KeyspacePartition,
): readonly string[] => {
  const [from, to] = [shardsOf(before), shardsOf(after)];
  if (from === to) return [];
  return [from === "" ? `${type} goes to ${to}` : `${type} goes from ${from} to ${to}`];
};

const controls = (
  type: string,
  before: SrvKeyspace_KeyspacePartition | undefined,
  after: SrvKeyspace_KeyspacePartition,
): readonly string[] => {
  const disabled = disabledIn(after);
  const lifted = disabledIn(before).filter((shard) => !disabled.includes(shard));
  return lifted.length === 0 ? [] : [`${type} queries of ${lifted.join(", ")} are allowed again`];
};

const shardsOf = (partition: SrvKeyspace_KeyspacePartition | undefined): string =>
  (partition?.shardReferences ?? []).map(({ name }) => name).join(", ");

const disabledIn = (partition: SrvKeyspace_KeyspacePartition | undefined): readonly string[] =>
  (partition?.shardTabletControls ?? [])
    .filter(({ queryServiceDisabled }) => queryServiceDisabled)
    .map(({ name }) => name);

const partitions = (base64: string): ReadonlyMap<string, SrvKeyspace_KeyspacePartition> => {
  const record = decodeSrvKeyspace(Buffer.from(base64, "base64"));
  const list: SrvKeyspace["partitions"] = record.kind === "answered" ? record.value.partitions : [];
  return new Map(list.map((one) => [TabletType[one.servedType] ?? String(one.servedType), one]));
};
