import { type Facts, type FactsPart, joinFacts, metaValue } from "../snapshot/facts.js";
import { inOrder } from "../snapshot/key-order.js";
import { SNAPSHOT_SCHEMA } from "../snapshot/schema.js";
import { rootPrefix } from "../topology/paths.js";
import type { TopologyReader } from "../topology/store.js";
import type { Witness } from "../witnesses/witness.js";
import {
  type DeletedTablet,
  historyWitnesses,
  inventoryWitnesses,
  snapshotWitnesses,
  topologyWitnesses,
  withOverride,
} from "../witnesses/witnesses.js";
import type { CollectSettings, CollectSources } from "./settings.js";
import { tabletFacts } from "./tablets/tablet-facts.js";
import { historyOf, type Past, withPast } from "./topology/history.js";
import { readTopology, topologyFacts } from "./topology/read-topology.js";
import { type Records, recordsOf } from "./topology/records.js";
import { readAgain, readLeases } from "./topology/reread.js";
import { SameTopology } from "./topology/same-topology.js";
import type { TopologyReading } from "./topology/servers.js";

export type { CollectSettings, CollectSources } from "./settings.js";

/**
 * One observation of a cluster: the topology, its history, and what the running tablets say; in the order of the tables' keys.
 * Whatever does not answer is in the facts as such (docs/decisions.md#d10). Throws only where nothing can be concluded: IncompleteError
 * (the global topology does not answer), UsageError (nothing under that root, an unknown keyspace or cell).
 */
export async function collect(sources: CollectSources, settings: CollectSettings): Promise<Facts> {
  const readers: TopologyReader[] = [];
  const connect = (server: string): TopologyReader => {
    const reader = sources.connect(server);
    readers.push(reader);
    return reader;
  };
  const { tablets, clock } = sources;
  const progress = (text: string): void => sources.progress?.(text);
  const expecting = (count: number): void => sources.expecting?.(count);
  try {
    return await observe({ connect, tablets, clock, progress, expecting }, settings);
  } finally {
    for (const reader of readers) reader.close();
  }
}

/**
 * Two observations, `settleMs` apart. What only the first shows was a passing moment; what both show is more than that
 * (docs/decisions.md#d11): `first` goes to judgement as the earlier snapshot of `second`.
 */
export async function observeTwice(
  sources: CollectSources,
  settings: CollectSettings,
): Promise<{ readonly first: Facts; readonly second: Facts }> {
  const first = await collect(sources, settings);
  sources.progress?.(`waiting ${settings.settleMs ?? 0} ms for the second look`);
  await sources.clock.sleep(settings.settleMs ?? 0);
  const second = await collect(sources, settings);
  return { first, second: seenSince(second, metaValue(first, "taken_at_ms") ?? "") };
}

async function observe(sources: CollectSources, settings: CollectSettings): Promise<Facts> {
  const takenAt = String(sources.clock.now());
  const before = await readTopology(sources, settings);
  const records = recordsOf(before);
  const same = new SameTopology(sources, before.global, settings.globalRoot);
  const [history, tablets] = await tabletsAndPast(before, records, same, sources, settings);
  const topology = await withLeases(await readAgain(before));
  const read = topologyFacts(topology);
  return inOrder(
    joinFacts([
      { meta: metaRows(topology, takenAt, settings) },
      { ...read, topo_server: read.topo_server.map((row) => withPast(row, history)) },
      history.facts,
      { topo_server: await same.servers() },
      tablets,
    ]),
  );
}

/** The past is read while the tablets that are known without it are asked. */
async function tabletsAndPast(
  topology: TopologyReading,
  records: Records,
  same: SameTopology,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<readonly [Past, FactsPart]> {
  const past = historyOf(topology, sources, settings);
  const witnesses = {
    present: witnessesOf(records, [], settings),
    all: past.then(({ deletedTablets }) => witnessesOf(records, deletedTablets, settings)),
  };
  const isForeign = (server: string, root: string): Promise<boolean> => same.isForeign(server, root);
  return Promise.all([past, tabletFacts(witnesses, records, isForeign, sources, settings)]);
}

const withLeases = async (topology: TopologyReading): Promise<TopologyReading> => ({
  ...topology,
  leases: await readLeases(topology.servers),
});

const metaRows = (topology: TopologyReading, takenAt: string, settings: CollectSettings): Facts["meta"] =>
  Object.entries({
    schema: String(SNAPSHOT_SCHEMA),
    vtdoctor: settings.version,
    taken_at_ms: takenAt,
    first_seen_at_ms: takenAt,
    global_server: settings.globalServer,
    global_root: settings.globalRoot,
    sources_json: JSON.stringify(witnessKinds(settings)),
    keyspaces_json: JSON.stringify(settings.keyspaces),
    cells_json: JSON.stringify(settings.cells),
    moved_keys_json: JSON.stringify(topology.moved),
    earlier_revisions_json: JSON.stringify(earlierRevisions(settings)),
  }).map(([name, value]) => ({ name, value }));

const seenSince = (facts: Facts, firstSeen: string): Facts => ({
  ...facts,
  meta: facts.meta.map((row) => (row.name === "first_seen_at_ms" ? { ...row, value: firstSeen } : row)),
});

/**
 * The highest revision that the earlier snapshots of this topology saw of each server: an etcd never goes back by itself
 * (docs/decisions.md#d8). The cluster id does not matter: an etcd that was put back from a backup may have the old one or a new one.
 */
function earlierRevisions({
  earlier,
  globalRoot,
}: Pick<CollectSettings, "earlier" | "globalRoot">): Readonly<Record<string, number>> {
  const highest = new Map<string, number>();
  for (const { server, revision } of earlier.filter(isOf(globalRoot)).flatMap((facts) => facts.topo_server)) {
    if (revision !== null) highest.set(server, Math.max(revision, highest.get(server) ?? 0));
  }
  return Object.fromEntries([...highest].sort(([one], [other]) => (one < other ? -1 : 1)));
}

const isOf =
  (globalRoot: string) =>
  (facts: Facts): boolean =>
    rootPrefix(metaValue(facts, "global_root") ?? "") === rootPrefix(globalRoot);

/** Everybody who can say where a tablet may run, before any is asked; addresses as they are reached from here. */
const witnessesOf = (
  records: Records,
  deleted: readonly DeletedTablet[],
  settings: CollectSettings,
): readonly Witness[] =>
  [
    ...topologyWitnesses(records.tablets),
    ...inventoryWitnesses(settings.inventory),
    ...snapshotWitnesses(settings.earlier),
    ...historyWitnesses(deleted),
  ].map((witness) => withOverride(witness, settings.inventory));

/** The kinds of witnesses that were asked, for the report's coverage. */
const witnessKinds = (settings: CollectSettings): readonly string[] => [
  "topology",
  "history",
  ...(settings.inventory.tablets.length > 0 ? ["inventory"] : []),
  ...(settings.earlier.length > 0 ? ["snapshot"] : []),
  ...(settings.mysql ? ["replica"] : []),
];
