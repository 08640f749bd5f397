import { posix } from "node:path";
import { type Alias, formatAlias, parseAlias } from "../cluster/alias.js";

/** As Go's path.Join: doubled and trailing slashes vanish, a missing leading slash stays missing. */
export function joinKey(root: string, ...parts: readonly string[]): string {
  const joined = posix.join(root, ...parts);
  return joined.length > 1 && joined.endsWith("/") ? joined.slice(0, -1) : joined;
}

/** What every key under the root starts with. */
export const rootPrefix = (root: string): string => {
  const joined = joinKey(root);
  return joined === "." ? "" : joined === "/" ? "/" : `${joined}/`;
};

/*
 * Every key that Vitess writes and vtdoctor names (go/vt/topo/server.go:73-103 v24; docs/vitess.md#keys). `root` is the global
 * root for the first group and the cell's root for the second; roots may be equal, the names do not collide.
 */

export const cellInfoKey = (root: string, cell: string): string => joinKey(root, "cells", cell, "CellInfo");
export const keyspaceKey = (root: string, keyspace: string): string =>
  joinKey(root, "keyspaces", keyspace, "Keyspace");
export const vschemaKey = (root: string, keyspace: string): string =>
  joinKey(root, "keyspaces", keyspace, "VSchema");
export const shardKey = (root: string, keyspace: string, shard: string): string =>
  joinKey(root, "keyspaces", keyspace, "shards", shard, "Shard");
export const routingRulesKey = (root: string): string => joinKey(root, "RoutingRules");
export const shardRoutingRulesKey = (root: string): string => joinKey(root, "ShardRoutingRules");
export const keyspaceRoutingRulesKey = (root: string): string =>
  joinKey(root, "routing_rules", "keyspace", "Rules");
export const mirrorRulesKey = (root: string): string => joinKey(root, "MirrorRules");

export const tabletKey = (root: string, alias: Alias): string =>
  joinKey(root, "tablets", formatAlias(alias), "Tablet");
export const shardReplicationKey = (root: string, keyspace: string, shard: string): string =>
  joinKey(root, "keyspaces", keyspace, "shards", shard, "ShardReplication");
export const srvKeyspaceKey = (root: string, keyspace: string): string =>
  joinKey(root, "keyspaces", keyspace, "SrvKeyspace");
export const srvVSchemaKey = (root: string): string => joinKey(root, "SrvVSchema");

/** What one of Vitess's locks covers. `named` is one whose name is not that of a workflow. */
export type LockTarget =
  | { readonly kind: "keyspace"; readonly keyspace: string }
  | { readonly kind: "shard"; readonly keyspace: string; readonly shard: string }
  | { readonly kind: "workflow"; readonly keyspace: string; readonly workflow: string }
  | { readonly kind: "routing-rules" }
  | { readonly kind: "named"; readonly name: string };

/** The directory that a lock locks; its keys are `<directory>/locks/<lease id, decimal>` (docs/vitess.md#lock-protocol). */
export function lockDirectory(root: string, target: LockTarget): string {
  switch (target.kind) {
    case "keyspace":
      return joinKey(root, "keyspaces", target.keyspace);
    case "shard":
      return joinKey(root, "keyspaces", target.keyspace, "shards", target.shard);
    case "workflow":
      return joinKey(root, "internal/named_locks", target.keyspace, target.workflow);
    case "routing-rules":
      return joinKey(root, "routing_rules");
    case "named":
      return joinKey(root, "internal/named_locks", target.name);
  }
}

/** All holders and waiters of the lock; the one with the lowest create revision holds it. */
export const locksPrefix = (root: string, target: LockTarget): string =>
  `${joinKey(lockDirectory(root, target), "locks")}/`;

export const lockKey = (root: string, target: LockTarget, lease: string): string =>
  `${locksPrefix(root, target)}${lease}`;

/** The locks of every workflow whose target is the keyspace. */
export const workflowLocksPrefix = (root: string, keyspace: string): string =>
  `${joinKey(root, "internal/named_locks", keyspace)}/`;

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
