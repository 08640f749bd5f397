import { toJsonString } from "@bufbuild/protobuf";
import type { LockScope, Premise } from "../../src/plan/fields.js";
import type { Plan } from "../../src/plan/plan.js";
import { describeStep, type Step } from "../../src/plan/steps/index.js";
import { ShardSchema, TabletSchema } from "../../src/proto/gen/topodata_pb.js";
import { decodeShard, decodeTablet } from "../../src/topology/records.js";

/** A whole plan as a person can read it; the golden files are reviewed in this form. */
export const planText = (plan: Plan): string =>
  [
    `${plan.operation} ${plan.id}, repairs: ${plan.repairs.join(", ") || "-"}`,
    ...plan.stages.flatMap((stage) => [
      "",
      `# ${stage.title}`,
      `  locks: ${stage.locks.map(lockText).join(", ") || "none"}`,
      ...stage.steps.flatMap(stepText),
    ]),
    "",
    "# reads",
    ...plan.premises.map((premise) => `  ${readText(premise)}`),
    "",
    "# blocked",
    ...plan.blocked.map((one) => `  ${one.reason}\n    instead: ${one.instead}`),
    "",
    "# notes",
    ...plan.notes.map((note) => `  ${note}`),
    "",
    "# foreseen",
    ...Object.entries(plan.foreseen ?? {}).map(([name, told]) => `  ${name}: ${JSON.stringify(told)}`),
    "",
  ].join("\n");

const lockText = (lock: LockScope): string =>
  lock.kind === "keyspace"
    ? `keyspace ${lock.keyspace}`
    : `${lock.kind} ${lock.keyspace}/${lock.kind === "shard" ? lock.shard : lock.workflow}`;

const readText = (premise: Premise): string =>
  premise.kind === "topo-key"
    ? `${premise.server} ${premise.key} @ ${premise.modRevision || "absent"}`
    : `${premise.tablet.alias} ${premise.dbName} ${premise.workflow}: ${premise.ids.join(", ")}`;

const stepText = (step: Step): readonly string[] => {
  const text = describeStep(step);
  return [
    `  ${step.id} (${step.class}, destroys ${step.destroys})`,
    `    does:   ${text.does}`,
    `    checks: ${text.checks}`,
    `    proves: ${text.proves}`,
    `    undo:   ${text.undo}`,
    ...valueText(step),
  ];
};

const valueText = (step: Step): readonly string[] => {
  if (step.kind === "keys.export") return step.actions.map((action) => `    key:    ${action.alter}`);
  if (step.kind === "tablet.restore") {
    const record = decodeTablet(Buffer.from(step.value, "base64"));
    return record.kind === "answered" ? [`    record: ${toJsonString(TabletSchema, record.value)}`] : [];
  }
  if (step.kind === "shard.restore") {
    const record = decodeShard(Buffer.from(step.value, "base64"));
    return record.kind === "answered" ? [`    record: ${toJsonString(ShardSchema, record.value)}`] : [];
  }
  return [];
};
