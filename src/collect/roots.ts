import { rootPrefix } from "../topology/paths.js";
import type { TopologyReading } from "./topology-reading.js";

/** The roots whose keys lie on a server. */
export const rootsOn = ({ roots }: TopologyReading, server: string): readonly string[] =>
  roots.filter((root) => root.server === server).map(({ root }) => root);

/** The prefixes to read so that every root is covered and no key is read twice: a root inside another is read with it. */
export function prefixesToRead(roots: readonly string[]): readonly string[] {
  const outerFirst = [...new Set(roots.map(rootPrefix))].sort(
    (a, b) => a.length - b.length || (a < b ? -1 : 1),
  );
  return outerFirst.filter(
    (prefix, index) => !outerFirst.slice(0, index).some((outer) => prefix.startsWith(outer)),
  );
}

const CELL = /^(.*?)\/?cells\/[^/]+\/CellInfo$/;
const KEYSPACE = /^(.*?)\/?keyspaces\/[^/]+\/(?:Keyspace|VSchema|shards\/[^/]+\/Shard)$/;

/**
 * The global roots that a server's keys betray: what stands before `cells/<cell>/CellInfo` or a global record of a keyspace
 * (docs/vitess.md#keys; nothing in etcd points to the root).
 */
export function globalRootsAmong(keys: readonly string[]): readonly string[] {
  const roots = keys.flatMap((key) => (CELL.exec(key) ?? KEYSPACE.exec(key))?.slice(1, 2) ?? []);
  return [...new Set(roots.map((root) => (root === "" ? "/" : root)))].sort();
}
