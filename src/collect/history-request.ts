import type { HistoryRequest } from "../topology/history.js";
import { classifyKey, locksPrefix, workflowLocksPrefix } from "../topology/paths.js";
import { decodeTablet } from "../topology/records.js";
import { prefixesToRead, rootsOn } from "./roots.js";
import type { ServerReading, TopologyReading } from "./topology-reading.js";

/** The records whose loss is a drift; locks, rules and vschemas come and go with every operation. */
const WANTED: ReadonlySet<string> = new Set([
  "shard",
  "tablet",
  "shard-replication",
  "keyspace",
  "srv-keyspace",
  "srv-vschema",
]);

/** Keys-only looks at the past of one etcd: enough to see every record that lived for a thirty-second part of it. */
const SAMPLES = 32;

/** What to look for in one etcd's past, and which locks tell who deleted it (docs/decisions.md#d8; docs/vitess.md#deletion-intent). */
export function historyRequest(
  reading: ServerReading,
  topology: TopologyReading,
  budget: number,
): HistoryRequest {
  const roots = rootsOn(topology, reading.server);
  const global = topology.roots.find(({ name }) => name === "global");
  const locksAreHere = global !== undefined && global.server === reading.server;
  return {
    prefixes: prefixesToRead(reading.prefixes),
    wanted: (key) => roots.some((root) => WANTED.has(classifyKey(root, key).kind)),
    locksOf: locksAreHere ? (key, value) => locksOver(global.root, roots, key, value) : null,
    samples: SAMPLES,
    budget,
  };
}

function locksOver(
  globalRoot: string,
  roots: readonly string[],
  key: string,
  value: Uint8Array,
): readonly string[] {
  for (const root of roots) {
    const record = classifyKey(root, key);
    if (record.kind === "tablet") {
      const tablet = decodeTablet(value);
      return tablet.kind === "answered" ? locksOn(globalRoot, tablet.value.keyspace, tablet.value.shard) : [];
    }
    if (record.kind === "shard" || record.kind === "shard-replication") {
      return locksOn(globalRoot, record.keyspace, record.shard);
    }
    if (record.kind === "keyspace" || record.kind === "srv-keyspace") {
      return locksOn(globalRoot, record.keyspace, null);
    }
  }
  return [];
}

const locksOn = (root: string, keyspace: string, shard: string | null): readonly string[] => [
  locksPrefix(root, { kind: "keyspace", keyspace }),
  ...(shard === null ? [] : [locksPrefix(root, { kind: "shard", keyspace, shard })]),
  workflowLocksPrefix(root, keyspace),
];
