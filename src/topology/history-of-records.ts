import type { HistoryRequest } from "./history.js";
import { classifyKey, locksPrefix, rootPrefix, type TopoKey, workflowLocksPrefix } from "./paths.js";
import { decodeTablet } from "./records.js";

/**
 * What of Vitess's records to look for in one etcd: everything but locks and what Vitess would not have written. `roots` are the roots
 * that live in it, `globalRoot` is null where that one lives elsewhere.
 *
 * The locks that may cover a deletion are the keyspace's, the shard's and those of the workflows into the keyspace (`verified.md` 11);
 * which of them meant it, their Action says.
 */
export function historyOfRecords(
  roots: readonly string[],
  globalRoot: string | null,
): Pick<HistoryRequest, "prefixes" | "wanted" | "locksOf"> {
  const classify = (key: string): TopoKey => {
    for (const root of roots) {
      const found = classifyKey(root, key);
      if (found.kind !== "unknown") return found;
    }
    return { kind: "unknown", path: key };
  };
  return {
    prefixes: outermost(roots.map(rootPrefix)),
    wanted: (key) => !["unknown", "lock", "election"].includes(classify(key).kind),
    locksOf: globalRoot === null ? null : (key, value) => coveringLocks(globalRoot, classify(key), value),
  };
}

function coveringLocks(root: string, key: TopoKey, value: Uint8Array): readonly string[] {
  switch (key.kind) {
    case "tablet": {
      const tablet = decodeTablet(value);
      return tablet.kind === "answered" ? shardLocks(root, tablet.value.keyspace, tablet.value.shard) : [];
    }
    case "shard":
    case "shard-replication":
      return shardLocks(root, key.keyspace, key.shard);
    case "keyspace":
    case "vschema":
    case "srv-keyspace":
      return keyspaceLocks(root, key.keyspace);
    case "keyspace-routing-rules":
      return [locksPrefix(root, { kind: "routing-rules" })];
    default:
      return [];
  }
}

const keyspaceLocks = (root: string, keyspace: string): readonly string[] => [
  locksPrefix(root, { kind: "keyspace", keyspace }),
  workflowLocksPrefix(root, keyspace),
];

const shardLocks = (root: string, keyspace: string, shard: string): readonly string[] => [
  ...keyspaceLocks(root, keyspace),
  locksPrefix(root, { kind: "shard", keyspace, shard }),
];

/** Roots may lie in each other: a key must not be read twice. */
const outermost = (prefixes: readonly string[]): readonly string[] =>
  [...new Set(prefixes)].filter(
    (prefix, _index, all) => !all.some((other) => other !== prefix && prefix.startsWith(other)),
  );
