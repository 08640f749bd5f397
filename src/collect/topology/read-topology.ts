import type { Facts } from "../../snapshot/facts.js";
import type { TopoKeyRow, TopoServerRow } from "../../snapshot/gen/tables.js";
import { classifyKey } from "../../topology/paths.js";
import { decodeCellInfo } from "../../topology/records.js";
import type { Entry } from "../../topology/store.js";
import { checkFilters } from "../filters.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import { prefixesToRead, readGlobalRoot } from "./roots.js";
import { compareClusters } from "./same-topology.js";
import {
  type CellPlace,
  type OpenServer,
  openServer,
  readPrefixes,
  type ServerReading,
  type TopologyReading,
} from "./servers.js";

/**
 * The whole topology: the global root, then every cell's root, each etcd cluster read once and at one revision, however many
 * spellings of its address the cells use (docs/vitess.md#roots). A cell that does not answer is a server that did not answer.
 */
export async function readTopology(
  sources: CollectSources,
  settings: CollectSettings,
): Promise<TopologyReading> {
  sources.progress?.(`reading the topology at ${settings.globalServer}`);
  const global = await readGlobalRoot(sources, settings);
  sources.expecting?.(shardCount(global, settings.globalRoot));
  const cells = cellsOf(global, settings.globalRoot);
  checkFilters(settings, global, cells);
  const wanted = cells.filter(({ cell }) => settings.cells.length === 0 || settings.cells.includes(cell));
  const { servers, spelled } = await readCells(sources, global, wanted, cells);
  const roots = cells.map(({ cell, server, root }) => ({
    name: cell,
    server: spelled.get(server) ?? server,
    root,
  }));
  return {
    global,
    servers,
    roots: [{ name: "global", server: global.server, root: settings.globalRoot }, ...roots],
    moved: [],
    leases: [],
  };
}

const shardCount = ({ entries }: ServerReading, root: string): number =>
  [...entries.keys()].filter((key) => classifyKey(root, key).kind === "shard").length;

interface CellReadings {
  readonly servers: readonly ServerReading[];
  /** Each spelling of an address with the one that the facts use. */
  readonly spelled: ReadonlyMap<string, string>;
}

/** Servers that say the same cluster id are compared one after the other, the rest at once. */
async function readCells(
  sources: CollectSources,
  global: ServerReading,
  wanted: readonly CellPlace[],
  cells: readonly CellPlace[],
): Promise<CellReadings> {
  const rootsAt = (server: string): readonly string[] =>
    cells.filter((cell) => cell.server === server).map(({ root }) => root);
  const spellings = [...new Set(wanted.map(({ server }) => server))].filter(
    (server) => server !== global.server,
  );
  const opened = await Promise.all(spellings.sort().map((server) => openServer(sources, server)));
  const groups = new Map<string | null, OpenServer[]>([[global.clusterId, []]]);
  for (const open of opened) {
    const id = open.status.kind === "answered" ? open.status.value.clusterId : open.server;
    groups.set(id, [...(groups.get(id) ?? []), open]);
  }
  const first = await readMore(global, rootsAt(global.server));
  const readings = await Promise.all(
    [...groups].map(([id, group]) => readAlike(id === global.clusterId ? [first] : [], group, rootsAt)),
  );
  return {
    servers: readings.flatMap(({ servers }) => servers),
    spelled: new Map(readings.flatMap(({ spelled }) => [...spelled])),
  };
}

async function readAlike(
  known: readonly ServerReading[],
  group: readonly OpenServer[],
  rootsAt: (server: string) => readonly string[],
): Promise<CellReadings> {
  const servers = [...known];
  const spelled = new Map<string, string>();
  for (const open of group) {
    const roots = rootsAt(open.server);
    const index = await indexOfSame(servers, open);
    const same = servers[index];
    if (same === undefined) servers.push(await readPrefixes(open, prefixesToRead(roots)));
    else servers[index] = await readMore(same, roots);
    spelled.set(open.server, same?.server ?? open.server);
  }
  return { servers, spelled };
}

async function indexOfSame(servers: readonly ServerReading[], open: OpenServer): Promise<number> {
  for (const [index, reading] of servers.entries()) {
    if ((await compareClusters(reading, open)) === "same") return index;
  }
  return -1;
}

/** What lies outside of the prefixes that were read. */
function readMore(reading: ServerReading, roots: readonly string[]): Promise<ServerReading> {
  const beyond = prefixesToRead(roots).filter(
    (prefix) => !reading.prefixes.some((read) => prefix.startsWith(read)),
  );
  return beyond.length === 0 ? Promise.resolve(reading) : readPrefixes(reopened(reading), beyond, reading);
}

const reopened = ({ server, reader, clusterId, version, revision }: ServerReading): OpenServer => ({
  server,
  reader,
  status: {
    kind: "answered",
    value: { clusterId: clusterId ?? "", version: version ?? "", revision: revision ?? 0 },
  },
});

/** The cells that can be found; a CellInfo that cannot be decoded is reported from its bytes, later. */
function cellsOf(global: ServerReading, globalRoot: string): readonly CellPlace[] {
  return [...global.entries.values()].flatMap((entry): readonly CellPlace[] => {
    const key = classifyKey(globalRoot, entry.key);
    if (key.kind !== "cell-info") return [];
    const info = decodeCellInfo(entry.value);
    if (info.kind === "unanswered") return [];
    return [{ cell: key.cell, server: info.value.serverAddress, root: info.value.root }];
  });
}

/** The topology's part of the facts, `horizon` aside, which only history knows. */
export const topologyFacts = (
  topology: TopologyReading,
): Pick<Facts, "topo_server" | "topo_root" | "topo_key" | "topo_lease"> => ({
  topo_server: topology.servers.map(serverRow),
  topo_root: topology.roots,
  topo_key: topology.servers.flatMap(({ server, entries }) =>
    [...entries.values()].map((entry) => keyRow(server, entry)),
  ),
  topo_lease: topology.leases,
});

const serverRow = (reading: ServerReading): TopoServerRow => ({
  server: reading.server,
  cluster_id: reading.clusterId,
  version: reading.version,
  revision: reading.revision,
  horizon: null,
  answered: reading.failure === null ? 1 : 0,
  reason: reading.failure?.reason ?? null,
  message: reading.failure?.message ?? null,
});

const keyRow = (server: string, entry: Entry): TopoKeyRow => ({
  server,
  key: entry.key,
  value: entry.value,
  create_revision: entry.createRevision,
  mod_revision: entry.modRevision,
  version: entry.version,
  lease: entry.lease,
});
