import {
  type RoutingRule,
  RoutingRuleSchema,
  type RoutingRules,
  RoutingRulesSchema,
} from "../../proto/gen/vschema_pb.js";
import { decodeRoutingRules } from "../../topology/records.js";
import { isGlobal } from "../named-key.js";
import { quoted } from "../steps/text.js";
import { type Bytes, type Change, mergeNamed, recordType, sameRecord } from "./record-type.js";

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
    rules: {
      changes: (_of, before, after) => {
        const [removed, added] = [onlyFrom(before, after), onlyFrom(after, before)];
        const other = changedFrom(before, after).map(
          (from) =>
            `leads queries for \`${from}\` to ${targets(after, from)} instead of ${targets(before, from)}`,
        );
        return [
          ...(removed.length === 0 ? [] : [`removes the routing rules from ${quoted(removed)}`]),
          ...(added.length === 0 ? [] : [`adds the routing rules from ${quoted(added)}`]),
          ...other,
        ];
      },
      what: (_of, before, after) =>
        `the routing rules from ${[
          ...onlyFrom(before, after),
          ...onlyFrom(after, before),
          ...changedFrom(before, after),
        ].join(", ")}`,
      merge: mergeNamed(
        ({ fromTable }) => fromTable,
        (one, other) => sameRecord(RoutingRuleSchema, one, other),
        ([from]) => `there is another rule for ${from} since`,
      ),
    },
  },
});

export const withoutRules =
  (fromTables: readonly string[]) =>
  (record: RoutingRules): RoutingRules => ({
    ...record,
    rules: record.rules.filter(({ fromTable }) => !fromTables.includes(fromTable)),
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

const onlyFrom = (one: readonly RoutingRule[], other: readonly RoutingRule[]): readonly string[] =>
  one
    .map(({ fromTable }) => fromTable)
    .filter((from) => !other.some(({ fromTable }) => fromTable === from))
    .sort();

const targets = (rules: readonly RoutingRule[], from: string): string =>
  rules
    .filter(({ fromTable }) => fromTable === from)
    .flatMap(({ toTables }) => toTables)
    .join(", ") || "nothing";

const changedFrom = (before: readonly RoutingRule[], after: readonly RoutingRule[]): readonly string[] =>
  before
    .map(({ fromTable }) => fromTable)
    .filter(
      (from) =>
        after.some(({ fromTable }) => fromTable === from) && targets(before, from) !== targets(after, from),
    );
