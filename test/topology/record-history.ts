import type { HistoryRequest } from "../../src/topology/history.js";
import {
  classifyKey,
  locksPrefix,
  rootPrefix,
  type TopoKey,
  workflowLocksPrefix,
} from "../../src/topology/paths.js";
import { decodeTablet } from "../../src/topology/records.js";

/** All records of the roots, and the locks that may cover their deletion (docs/vitess.md#deletion-intent). */
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
    prefixes: roots.map(rootPrefix),
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
