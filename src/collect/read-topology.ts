import { type CellPlace, cellsOf } from "./cells.js";
import { checkFilters } from "./filters.js";
import { readGlobalRoot } from "./global-root.js";
import { prefixesToRead } from "./roots.js";
import { type OpenServer, openServer, readPrefixes } from "./server-session.js";
import type { CollectSettings, CollectSources } from "./settings.js";
import type { ServerReading, TopologyReading } from "./topology-reading.js";

/**
 * The whole topology: the global root, then every cell's root, each etcd cluster read once and at one revision, however many
 * spellings of its address the cells use (`topology-and-wire.md` 1.1). A cell that does not answer is a server that did not answer.
 */
export async function readTopology(
  sources: CollectSources,
  settings: CollectSettings,
): Promise<TopologyReading> {
  sources.progress?.(`reading the topology at ${settings.globalServer}`);
  const global = await readGlobalRoot(sources, settings);
  const cells = cellsOf(global, settings.globalRoot);
  checkFilters(settings, global, cells);
  const wanted = cells.filter(({ cell }) => settings.cells.length === 0 || settings.cells.includes(cell));
  const spelled = await openSpellings(sources, global, wanted);
  const servers = await readServers(global, spelled, cells);
  const roots = cells.map(({ cell, server, root }) => ({
    name: cell,
    server: spelled.get(server)?.server ?? server,
    root,
  }));
  return {
    servers,
    roots: [{ name: "global", server: global.server, root: settings.globalRoot }, ...roots],
    moved: [],
    leases: [],
  };
}

/** Each spelling of an address with the server that it leads to: the first spelling of that cluster. */
async function openSpellings(
  sources: CollectSources,
  global: ServerReading,
  cells: readonly CellPlace[],
): Promise<ReadonlyMap<string, OpenServer>> {
  const spellings = [...new Set(cells.map(({ server }) => server))].filter(
    (server) => server !== global.server,
  );
  const opened = await Promise.all(spellings.sort().map((server) => openServer(sources, server)));
  const first = reopened(global);
  const byCluster = new Map<string | null, OpenServer>([[global.clusterId, first]]);
  const bySpelling = new Map<string, OpenServer>([[global.server, first]]);
  for (const open of opened) {
    const clusterId = open.status.kind === "answered" ? open.status.value.clusterId : null;
    const known = clusterId === null ? undefined : byCluster.get(clusterId);
    if (known === undefined && clusterId !== null) byCluster.set(clusterId, open);
    bySpelling.set(open.server, known ?? open);
  }
  return bySpelling;
}

const reopened = ({ server, reader, clusterId, version, revision }: ServerReading): OpenServer => ({
  server,
  reader,
  status: {
    kind: "answered",
    value: { clusterId: clusterId ?? "", version: version ?? "", revision: revision ?? 0 },
  },
});

function readServers(
  global: ServerReading,
  spelled: ReadonlyMap<string, OpenServer>,
  cells: readonly CellPlace[],
): Promise<readonly ServerReading[]> {
  return Promise.all(
    [...new Set(spelled.values())].map((open) => {
      const roots = cells.filter(({ server }) => spelled.get(server) === open).map(({ root }) => root);
      if (open.reader !== global.reader) return readPrefixes(open, prefixesToRead(roots));
      const beyond = prefixesToRead(roots).filter(
        (prefix) => !global.prefixes.some((read) => prefix.startsWith(read)),
      );
      return readPrefixes(open, beyond, global);
    }),
  );
}
