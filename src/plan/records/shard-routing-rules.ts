import { ShardRoutingRuleSchema, ShardRoutingRulesSchema } from "../../proto/gen/vschema_pb.js";
import { isGlobal } from "../named-key.js";
import { recordType, rulesPart } from "./record-type.js";

export const shardRoutingRules = recordType({
  kind: "shard-routing-rules",
  scope: {},
  schema: ShardRoutingRulesSchema,
  key: () => (key, root) => key.kind === "shard-routing-rules" && isGlobal(root),
  name: () => "the shard routing rules",
  subject: () => "ShardRoutingRules",
  // The key goes with the last rule (topo/vschema.go SaveShardRoutingRules).
  absent: "empty",
  parts: {
    rules: rulesPart(ShardRoutingRuleSchema, {
      rules: "shard routing rules",
      from: ({ fromKeyspace, shard }) => `${fromKeyspace}/${shard}`,
      to: ({ toKeyspace }) => toKeyspace,
      does: "leads queries for",
    }),
  },
});
