import { MirrorRuleSchema, MirrorRulesSchema } from "../../proto/gen/vschema_pb.js";
import { isGlobal } from "../named-key.js";
import { recordType, rulesPart } from "./record-type.js";

export const mirrorRules = recordType({
  kind: "mirror-rules",
  scope: {},
  schema: MirrorRulesSchema,
  key: () => (key, root) => key.kind === "mirror-rules" && isGlobal(root),
  name: () => "the mirror rules",
  subject: () => "MirrorRules",
  // The key goes with the last rule (topo/vschema.go SaveMirrorRules).
  absent: "empty",
  parts: {
    rules: rulesPart(MirrorRuleSchema, {
      rules: "mirror rules",
      from: ({ fromTable }) => fromTable,
      to: ({ toTable, percent }) => `${toTable} (${percent} %)`,
      does: "mirrors queries for",
    }),
  },
});
