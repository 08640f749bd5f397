import { type Alias, formatAlias, parseAlias } from "../cluster/alias.js";
import { rootPrefix } from "./join.js";
import type { LockTarget } from "./lock-target.js";

/** What a key is, by the exact shape of its path. `unknown` is everything that Vitess would not have written. */
export type TopoKey =
  | { readonly kind: "cell-info"; readonly cell: string }
  | { readonly kind: "cells-alias"; readonly alias: string }
  | { readonly kind: "keyspace"; readonly keyspace: string }
  | { readonly kind: "vschema"; readonly keyspace: string }
  | { readonly kind: "shard"; readonly keyspace: string; readonly shard: string }
  | { readonly kind: "routing-rules" }
  | { readonly kind: "shard-routing-rules" }
  | { readonly kind: "keyspace-routing-rules" }
  | { readonly kind: "mirror-rules" }
  | { readonly kind: "external-cluster"; readonly name: string }
  | { readonly kind: "metadata"; readonly name: string }
  | { readonly kind: "legacy-workflow"; readonly uuid: string }
  | { readonly kind: "election"; readonly name: string; readonly lease: string }
  | { readonly kind: "lock"; readonly target: LockTarget; readonly lease: string }
  | { readonly kind: "tablet"; readonly alias: Alias }
  | { readonly kind: "shard-replication"; readonly keyspace: string; readonly shard: string }
  | { readonly kind: "srv-keyspace"; readonly keyspace: string }
  | { readonly kind: "srv-vschema" }
  | { readonly kind: "unknown"; readonly path: string };

type Shape = readonly [pattern: RegExp, build: (first: string, second: string) => TopoKey | null];

const NAME = "([^/]+)";
const shape = (pattern: string, build: Shape[1]): Shape => [new RegExp(`^${pattern}$`), build];

const SHAPES: readonly Shape[] = [
  shape(`tablets/${NAME}/Tablet`, tablet),
  shape(`keyspaces/${NAME}/shards/${NAME}/ShardReplication`, (keyspace, shard) => ({
    kind: "shard-replication",
    keyspace,
    shard,
  })),
  shape(`keyspaces/${NAME}/shards/${NAME}/Shard`, (keyspace, shard) => ({ kind: "shard", keyspace, shard })),
  shape(`keyspaces/${NAME}/SrvKeyspace`, (keyspace) => ({ kind: "srv-keyspace", keyspace })),
  shape(`keyspaces/${NAME}/Keyspace`, (keyspace) => ({ kind: "keyspace", keyspace })),
  shape(`keyspaces/${NAME}/VSchema`, (keyspace) => ({ kind: "vschema", keyspace })),
  shape("SrvVSchema", () => ({ kind: "srv-vschema" })),
  shape(`cells/${NAME}/CellInfo`, (cell) => ({ kind: "cell-info", cell })),
  shape(`cells_aliases/${NAME}/CellsAlias`, (alias) => ({ kind: "cells-alias", alias })),
  shape("RoutingRules", () => ({ kind: "routing-rules" })),
  shape("ShardRoutingRules", () => ({ kind: "shard-routing-rules" })),
  shape("routing_rules/keyspace/Rules", () => ({ kind: "keyspace-routing-rules" })),
  shape("MirrorRules", () => ({ kind: "mirror-rules" })),
  shape(`ExternalClusters/vitess/${NAME}`, (name) => ({ kind: "external-cluster", name })),
  shape("metadata/(.+)", (name) => ({ kind: "metadata", name })),
  shape(`workflows/${NAME}/Workflow`, (uuid) => ({ kind: "legacy-workflow", uuid })),
  shape(`elections/${NAME}/locks/(\\d+)`, (name, lease) => ({ kind: "election", name, lease })),
  shape("(.+)/locks/(-?\\d+)", lock),
];

const LOCKED: readonly (readonly [RegExp, (first: string, second: string) => LockTarget])[] = [
  [/^keyspaces\/([^/]+)$/, (keyspace) => ({ kind: "keyspace", keyspace })],
  [/^keyspaces\/([^/]+)\/shards\/([^/]+)$/, (keyspace, shard) => ({ kind: "shard", keyspace, shard })],
  [/^routing_rules$/, () => ({ kind: "routing-rules" })],
  [
    /^internal\/named_locks\/([^/]+)\/([^/]+)$/,
    (keyspace, workflow) => ({ kind: "workflow", keyspace, workflow }),
  ],
  [/^internal\/named_locks\/(.+)$/, (name) => ({ kind: "named", name })],
];

/** A key outside the root is `unknown` with its whole text. */
export function classifyKey(root: string, key: string): TopoKey {
  const prefix = rootPrefix(root);
  if (!key.startsWith(prefix)) return { kind: "unknown", path: key };
  const path = key.slice(prefix.length);
  return firstMatch(SHAPES, path) ?? { kind: "unknown", path };
}

/** `Tablet` under a directory that is no alias, or not in the form that Vitess looks up, is found by nobody. */
function tablet(directory: string): TopoKey | null {
  const alias = parseAlias(directory);
  return alias && formatAlias(alias) === directory ? { kind: "tablet", alias } : null;
}

function lock(directory: string, lease: string): TopoKey | null {
  const target = firstMatch(LOCKED, directory);
  return target && { kind: "lock", target, lease };
}

function firstMatch<T>(
  shapes: readonly (readonly [RegExp, (first: string, second: string) => T | null])[],
  path: string,
): T | null {
  for (const [pattern, build] of shapes) {
    const match = pattern.exec(path);
    const built = match && build(match[1] ?? "", match[2] ?? "");
    if (built) return built;
  }
  return null;
}
