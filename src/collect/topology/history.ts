import type { Unanswered } from "../../cluster/outcome.js";
import type { TopoHistoryLockRow, TopoHistoryRow, TopoServerRow } from "../../snapshot/gen/tables.js";
import { type History, type HistoryRequest, readHistory } from "../../topology/history.js";
import { OldRevisions } from "../../topology/old-revisions.js";
import { classifyKey, locksPrefix, workflowLocksPrefix } from "../../topology/paths.js";
import { decodeCellInfo, decodeTablet, isSamePlace } from "../../topology/records.js";
import type { DeletedTablet } from "../../witnesses/witnesses.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import { prefixesToRead, rootsOn } from "./roots.js";
import type { ServerReading, TopologyReading } from "./servers.js";

/** What the etcd clusters remember of records that were deleted. */
export interface Past {
  readonly facts: {
    readonly topo_history: readonly TopoHistoryRow[];
    readonly topo_history_lock: readonly TopoHistoryLockRow[];
  };
  readonly deletedTablets: readonly DeletedTablet[];
  readonly horizons: ReadonlyMap<string, number>;
  /** The servers whose past could not be read, or not to its end: nothing may be concluded from what it does not show. */
  readonly gaps: readonly HistoryGap[];
}

interface HistoryGap {
  readonly server: string;
  readonly reason: Unanswered["reason"] | "budget";
  readonly message: string;
}

/** Its failure is no failure of the scan: `gaps` says what is not known (docs/decisions.md#d7, docs/decisions.md#d10). */
export async function historyOf(
  topology: TopologyReading,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<Past> {
  const readable = topology.servers.filter(({ failure }) => failure === null);
  if (readable.length > 0) sources.progress?.("reading etcd's history for deleted records");
  const pasts = await Promise.all(readable.map((reading) => pastOf(reading, topology, settings)));
  return {
    facts: {
      topo_history: pasts.flatMap(({ facts }) => facts.topo_history),
      topo_history_lock: pasts.flatMap(({ facts }) => facts.topo_history_lock),
    },
    deletedTablets: pasts.flatMap(({ deletedTablets }) => deletedTablets),
    horizons: new Map(pasts.flatMap(({ horizons }) => [...horizons])),
    gaps: pasts.flatMap(({ gaps }) => gaps),
  };
}

async function pastOf(
  reading: ServerReading,
  topology: TopologyReading,
  settings: CollectSettings,
): Promise<Past> {
  const { server } = reading;
  const history = await readHistory(
    reading.reader,
    historyRequest(reading, topology, settings.historyBudget),
  );
  if (history.kind === "unanswered") {
    const gap = { server, reason: history.reason, message: history.message };
    return {
      facts: { topo_history: [], topo_history_lock: [] },
      deletedTablets: [],
      horizons: new Map(),
      gaps: [gap],
    };
  }
  const overwritten = await overwrittenCells(reading, topology, settings.historyBudget);
  return {
    facts: {
      topo_history: [...historyRows(server, history.value), ...overwritten],
      topo_history_lock: lockRows(server, history.value),
    },
    deletedTablets: deletedTablets(history.value, rootsOn(topology, server)),
    horizons: new Map([[server, history.value.horizon]]),
    gaps: gapsOf(server, history.value),
  };
}

/** Of one CellInfo. More writes that all named the same server and root are nothing that anybody asks for. */
const OLDEST_WRITE = 8;

/** What each CellInfo was before its last writes, back to the last one that named another server or root, as far as it can be read. */
async function overwrittenCells(
  { server, reader, entries }: ServerReading,
  { roots }: TopologyReading,
  budget: number,
): Promise<readonly TopoHistoryRow[]> {
  const global = roots.find((root) => root.name === "global" && root.server === server);
  const past = new OldRevisions(reader, budget);
  const rows: TopoHistoryRow[] = [];
  for (const { key, version, value, modRevision } of entries.values()) {
    if (global === undefined || version < 2 || classifyKey(global.root, key).kind !== "cell-info") continue;
    const now = decodeCellInfo(value);
    let next = modRevision;
    for (let read = 0; read < OLDEST_WRITE && past.allows(); read++) {
      const at = await past.get(key, next - 1);
      if (at.kind === "unanswered" || at.value.entry === null) break;
      const { entry } = at.value;
      rows.push({
        ...{ server, key, deleted_revision: next, value: entry.value, recreated: 1, locks_known: 0 },
        ...{ create_revision: entry.createRevision, mod_revision: entry.modRevision },
      });
      const then = decodeCellInfo(entry.value);
      if (now.kind !== "answered" || then.kind !== "answered" || !isSamePlace(now.value, then.value)) break;
      if (entry.version < 2) break;
      next = entry.modRevision;
    }
  }
  return rows;
}

const historyRows = (server: string, history: History): readonly TopoHistoryRow[] =>
  history.lost.map((lost) => ({
    server,
    key: lost.key,
    deleted_revision: lost.deletedRevision,
    value: lost.value,
    create_revision: lost.createRevision,
    mod_revision: lost.modRevision,
    recreated: lost.recreated ? 1 : 0,
    locks_known: lost.locks === null ? 0 : 1,
  }));

/** Records that vanished in one revision share its locks: the order of the tables leaves each once. */
const lockRows = (server: string, history: History): readonly TopoHistoryLockRow[] =>
  history.lost.flatMap(({ deletedRevision, locks }) =>
    (locks ?? []).map((lock) => ({
      server,
      deleted_revision: deletedRevision,
      key: lock.key,
      value: lock.value,
      mod_revision: lock.modRevision,
    })),
  );

const deletedTablets = (history: History, roots: readonly string[]): readonly DeletedTablet[] =>
  history.lost.flatMap(({ key, value, deletedRevision }): readonly DeletedTablet[] => {
    if (!roots.some((root) => classifyKey(root, key).kind === "tablet")) return [];
    const tablet = decodeTablet(value);
    return tablet.kind === "answered" ? [{ key, deletedRevision, tablet: tablet.value }] : [];
  });

function gapsOf(server: string, history: History): readonly HistoryGap[] {
  const left = history.unresolved.length;
  if (!history.exhausted && left === 0) return [];
  const message = history.exhausted
    ? `stopped after ${history.requests} requests; ${left} deleted keys were not read`
    : `${left} deleted keys could not be read any more`;
  return [{ server, reason: history.exhausted ? "budget" : "compacted", message }];
}

/** The server's row with the oldest readable revision, and, where it answered everything else, what its past did not give. */
export function withPast(row: TopoServerRow, past: Past): TopoServerRow {
  const gap = row.answered === 1 ? past.gaps.find(({ server }) => server === row.server) : undefined;
  return {
    ...row,
    horizon: past.horizons.get(row.server) ?? null,
    reason: gap?.reason ?? row.reason,
    message: gap?.message ?? row.message,
  };
}

/** The records whose loss is a drift; locks and rules come and go with every operation. */
const WANTED: ReadonlySet<string> = new Set([
  "shard",
  "tablet",
  "shard-replication",
  "keyspace",
  "vschema",
  "srv-keyspace",
  "srv-vschema",
]);

/** Keys-only looks at the past of one etcd: enough to see every record that lived for a thirty-second part of it. */
const SAMPLES = 32;

/** What to look for in one etcd's past, and which locks tell who deleted it (docs/decisions.md#d8; docs/vitess.md#deletion-intent). */
function historyRequest(reading: ServerReading, topology: TopologyReading, budget: number): HistoryRequest {
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
    if (record.kind === "keyspace" || record.kind === "vschema" || record.kind === "srv-keyspace") {
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
