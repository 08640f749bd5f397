import { type RoutingRule, RoutingRuleSchema, RoutingRulesSchema } from "../../proto/gen/vschema_pb.js";
import { decodeRoutingRules } from "../../topology/records.js";
import { isGlobal } from "../named-key.js";
import { type Bytes, type Change, recordType, rulesPart, sameRecord } from "./record-type.js";

export const routingRules = recordType({
  kind: "routing-rules",
  scope: {},
  schema: RoutingRulesSchema,
  key: () => (key, root) => key.kind === "routing-rules" && isGlobal(root),
  name: () => "the routing rules",
  subject: () => "RoutingRules",
  // The key goes with the last rule (topo/vschema.go SaveRoutingRules; docs/vitess.md#movetables-records).
  absent: "empty",
  parts: {
    rules: rulesPart(RoutingRuleSchema, {
      rules: "routing rules",
      from: ({ fromTable }) => fromTable,
      to: ({ toTables }) => toTables.join(", "),
      does: "leads queries for",
    }),
  },
});

/** Rules that are there after the change and were not, or not so, before; null: the bytes can not be read. */
export const newRules = ({ before, after }: Change): readonly RoutingRule[] | null => {
  const [old, now] = [rulesIn(before), rulesIn(after)];
  if (old === null || now === null) return null;
  return now.filter((rule) => !old.some((other) => sameRecord(RoutingRuleSchema, rule, other)));
};

const rulesIn = (bytes: Bytes): readonly RoutingRule[] | null => {
  const record = decodeRoutingRules(Buffer.from(bytes ?? "", "base64"));
  return record.kind === "answered" ? record.value.rules : null;
};
