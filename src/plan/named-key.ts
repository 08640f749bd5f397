import { formatAlias } from "../cluster/alias.js";
import { classifyKey, type TopoKey } from "../topology/paths.js";

/** A key of the topology that a step names, and what it must be. */
export interface NamedKey {
  readonly server: string;
  readonly key: string;
  readonly is: Shape;
}

/** `root`: `global`, or the cell whose root the key lies under. */
export type Shape = (key: TopoKey, root: string) => boolean;

/** Whether it is what it must be, under a root that the plan names. */
export const isInPlace = (
  { server, key, is }: NamedKey,
  roots: readonly { readonly name: string; readonly server: string; readonly root: string }[],
): boolean => roots.some(({ name, server: at, root }) => at === server && is(classifyKey(root, key), name));

/** The key of a step that names one. */
export const ownKey = ({ server, key }: Omit<NamedKey, "is">, is: Shape): NamedKey => ({ server, key, is });

interface OfKeyspace {
  readonly keyspace: string;
}
interface OfShard extends OfKeyspace {
  readonly shard: string;
}

export const isGlobal = (root: string): boolean => root === "global";

export const keyspaceRecord =
  ({ keyspace }: OfKeyspace): Shape =>
  (key, root) =>
    key.kind === "keyspace" && key.keyspace === keyspace && isGlobal(root);

export const shardRecord =
  ({ keyspace, shard }: OfShard): Shape =>
  (key, root) =>
    key.kind === "shard" && key.keyspace === keyspace && key.shard === shard && isGlobal(root);

export const shardReplication =
  ({ keyspace, shard }: OfShard): Shape =>
  (key, root) =>
    key.kind === "shard-replication" && key.keyspace === keyspace && key.shard === shard && !isGlobal(root);

export const tabletRecord =
  (...aliases: readonly string[]): Shape =>
  (key, root) =>
    key.kind === "tablet" && key.alias.cell === root && aliases.includes(formatAlias(key.alias));

export const anyOf =
  (...kinds: readonly TopoKey["kind"][]): Shape =>
  (key) =>
    kinds.includes(key.kind);
