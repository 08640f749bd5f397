import { type Facts, metaValue } from "../snapshot/facts.js";
import { SNAPSHOT_SCHEMA } from "../snapshot/schema.js";
import type { TopologyReader } from "../topology/store.js";
import { earlierRevisions } from "./earlier-revisions.js";
import { type FactsPart, inOrder, joinFacts } from "./facts-part.js";
import { historyOf, type Past, withPast } from "./history.js";
import { readLeases } from "./leases.js";
import { readTopology } from "./read-topology.js";
import { type Recorded, recordedBy } from "./recorded.js";
import { readAgain } from "./reread.js";
import { SameTopology } from "./same-topology.js";
import type { CollectSettings, CollectSources } from "./settings.js";
import { tabletFacts } from "./tablet-facts.js";
import { topologyFacts } from "./topology-facts.js";
import type { TopologyReading } from "./topology-reading.js";
import { witnessesOf, witnessKinds } from "./witnesses.js";

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
  const recorded = recordedBy(before);
  const same = new SameTopology(sources, before.global, settings.globalRoot);
  const [history, tablets] = await tabletsAndPast(before, recorded, same, sources, settings);
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
  recorded: Recorded,
  same: SameTopology,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<readonly [Past, FactsPart]> {
  const past = historyOf(topology, sources, settings);
  const witnesses = {
    present: witnessesOf(recorded, [], settings),
    all: past.then(({ deletedTablets }) => witnessesOf(recorded, deletedTablets, settings)),
  };
  return Promise.all([past, tabletFacts(witnesses, recorded, same, sources, settings)]);
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
