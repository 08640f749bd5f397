import { KeyspaceRoutingRuleSchema, KeyspaceRoutingRulesSchema } from "../../proto/gen/vschema_pb.js";
import { isGlobal } from "../named-key.js";
import { recordType, rulesPart } from "./record-type.js";

export const keyspaceRoutingRules = recordType({
  kind: "keyspace-routing-rules",
  scope: {},
  schema: KeyspaceRoutingRulesSchema,
  key: () => (key, root) => key.kind === "keyspace-routing-rules" && isGlobal(root),
  name: () => "the keyspace routing rules",
  subject: () => "KeyspaceRoutingRules",
  // The key stays when the last rule goes (topo/vschema.go SaveKeyspaceRoutingRules).
  absent: "absent",
  parts: {
    rules: rulesPart(KeyspaceRoutingRuleSchema, {
      rules: "keyspace routing rules",
      from: ({ fromKeyspace }) => fromKeyspace,
      to: ({ toKeyspace }) => toKeyspace,
      does: "leads queries for",
    }),
  },
});
