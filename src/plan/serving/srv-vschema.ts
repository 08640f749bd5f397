import { create } from "@bufbuild/protobuf";
import { answered, type Outcome } from "../../cluster/outcome.js";
import {
  KeyspaceRoutingRulesSchema,
  KeyspaceSchema,
  MirrorRulesSchema,
  RoutingRulesSchema,
  ShardRoutingRulesSchema,
  type SrvVSchema,
  SrvVSchemaSchema,
} from "../../proto/gen/vschema_pb.js";
import {
  keyspaceRoutingRulesKey,
  mirrorRulesKey,
  rootPrefix,
  routingRulesKey,
  shardRoutingRulesKey,
  vschemaKey,
} from "../../topology/paths.js";
import {
  decodeKeyspaceRoutingRules,
  decodeMirrorRules,
  decodeRoutingRules,
  decodeShardRoutingRules,
  decodeVSchema,
} from "../../topology/records.js";
import { sameRecord } from "../records/record-type.js";

interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

/** The global records that SrvVSchema is made of. */
export interface VSchemaSources {
  /** Every key that it was built from, with the revision that each was read at; 0: absent. */
  readonly read: readonly { readonly key: string; readonly modRevision: number }[];
  readonly built: SrvVSchema;
}

/** The keys of the rules that it is made of, beside all that lies under `keyspaces/`. */
export const ruleKeys = (root: string): readonly string[] => [
  routingRulesKey(root),
  shardRoutingRulesKey(root),
  keyspaceRoutingRulesKey(root),
  mirrorRulesKey(root),
];

export const keyspacesPrefix = (root: string): string => `${rootPrefix(root)}keyspaces/`;

/**
 * What `RebuildSrvVSchema` writes to every cell (go/vt/topo/srv_vschema.go, v19 to v24; docs/vitess.md#srvvschema): the VSchema of
 * each directory under `keyspaces/`, empty where it has none, and all routing rules (`rules`: those of `ruleKeys`).
 */
export const vschemaSources = (
  root: string,
  below: readonly Entry[],
  rules: readonly (Entry | null)[],
): Outcome<VSchemaSources> => {
  const built = create(SrvVSchemaSchema);
  const byKey = new Map(below.map((entry) => [entry.key, entry] as const));
  const vschemas: { readonly key: string; readonly modRevision: number }[] = [];
  for (const keyspace of keyspaceDirectories(root, below)) {
    const key = vschemaKey(root, keyspace);
    const entry = byKey.get(key);
    vschemas.push({ key, modRevision: entry?.modRevision ?? 0 });
    const vschema = entry === undefined ? answered(create(KeyspaceSchema)) : decodeVSchema(entry.value);
    if (vschema.kind === "unanswered") return vschema;
    built.keyspaces[keyspace] = vschema.value;
  }
  const [routing, shardRouting, keyspaceRouting, mirror] = rules;
  const routingRules = routing ? decodeRoutingRules(routing.value) : answered(create(RoutingRulesSchema));
  if (routingRules.kind === "unanswered") return routingRules;
  built.routingRules = routingRules.value;
  const shardRules = shardRouting
    ? decodeShardRoutingRules(shardRouting.value)
    : answered(create(ShardRoutingRulesSchema));
  if (shardRules.kind === "unanswered") return shardRules;
  built.shardRoutingRules = shardRules.value;
  if (keyspaceRouting) {
    const rules = decodeKeyspaceRoutingRules(keyspaceRouting.value);
    if (rules.kind === "unanswered") return rules;
    built.keyspaceRoutingRules = rules.value;
  }
  if (mirror) {
    const rules = decodeMirrorRules(mirror.value);
    if (rules.kind === "unanswered") return rules;
    built.mirrorRules = rules.value;
  }
  return answered({
    read: [
      ...ruleKeys(root).map((key, index) => ({ key, modRevision: rules[index]?.modRevision ?? 0 })),
      ...vschemas,
    ],
    built,
  });
};

/** `ListDir("keyspaces")`: every name that any key lies under, also one without a Keyspace record (docs/vitess.md#directories). */
function keyspaceDirectories(root: string, entries: readonly Entry[]): ReadonlySet<string> {
  const start = keyspacesPrefix(root).length;
  return new Set(entries.map((entry) => entry.key.slice(start).split("/")[0] ?? ""));
}

/**
 * What one cell's record should be. Vitess from v21 on always writes an empty `mirror_rules`, older ones never: a record that has the
 * field keeps it. Sections of a Vitess newer than these sources stay as they are (docs/decisions.md#d4).
 */
export function srvVSchemaFor(current: SrvVSchema | null, sources: VSchemaSources): SrvVSchema {
  const wanted: SrvVSchema = { ...sources.built };
  if (current?.mirrorRules !== undefined) wanted.mirrorRules ??= create(MirrorRulesSchema);
  if (current?.$unknown !== undefined) wanted.$unknown = current.$unknown;
  return wanted;
}

/** Equal in meaning: rules are maps that Vitess writes in random order (docs/vitess.md#rule-order), and an empty section is none. */
export const sameSrvVSchema = (one: SrvVSchema, other: SrvVSchema): boolean =>
  sameRecord(SrvVSchemaSchema, normalized(one), normalized(other));

const normalized = (record: SrvVSchema): SrvVSchema => ({
  ...record,
  routingRules: create(RoutingRulesSchema, {
    rules: sorted(record.routingRules?.rules, (rule) => rule.fromTable),
  }),
  shardRoutingRules: create(ShardRoutingRulesSchema, {
    rules: sorted(record.shardRoutingRules?.rules, (rule) => `${rule.fromKeyspace}/${rule.shard}`),
  }),
  keyspaceRoutingRules: create(KeyspaceRoutingRulesSchema, {
    rules: sorted(record.keyspaceRoutingRules?.rules, (rule) => rule.fromKeyspace),
  }),
  mirrorRules: create(MirrorRulesSchema, {
    rules: sorted(record.mirrorRules?.rules, (rule) => rule.fromTable),
  }),
});

const sorted = <R>(rules: readonly R[] | undefined, by: (rule: R) => string): R[] =>
  (rules ?? []).toSorted((one, other) => (by(one) < by(other) ? -1 : 1));
