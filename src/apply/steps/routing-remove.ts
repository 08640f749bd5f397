import type { StepOf } from "../../plan/steps/index.js";
import type { RoutingRules } from "../../proto/gen/vschema_pb.js";
import { decodeRoutingRules, encodeRoutingRules } from "../../topology/records.js";
import { type EditedRecord, type EditSight, movedOn, recordEdit } from "../record-edit.js";
import { stepRunner } from "../step-runner.js";

type Remove = StepOf<"routing.remove">;

/**
 * Takes rules off RoutingRules; the key goes with the last one, as in Vitess (topo/vschema.go SaveRoutingRules;
 * docs/vitess.md#movetables-records).
 */
const edit = recordEdit((step: Remove) => ({
  decode: decodeRoutingRules,
  edit: (record) => withoutRules(record, step.fromTables),
  absentIsDone: true,
  doneWords: `no routing rule is left for ${step.fromTables.join(", ")}`,
}));

export const routingRemove = stepRunner<"routing.remove", EditSight>({
  ...edit,
  guards: { unchanged: movedOn },
});

function withoutRules(record: RoutingRules, fromTables: readonly string[]): EditedRecord {
  const rules = record.rules.filter((rule) => !fromTables.includes(rule.fromTable));
  if (rules.length === record.rules.length) return { kind: "as-it-should-be" };
  return rules.length === 0
    ? { kind: "delete" }
    : { kind: "put", value: encodeRoutingRules({ ...record, rules }) };
}
