import { witnessRow } from "../witnesses/witness.js";
import { type FactsPart, joinFacts } from "./facts-part.js";
import { engineStreamRows, liveRow } from "./live-row.js";
import { meetEverybody, type Witnesses } from "./meet-everybody.js";
import { portsOfUnrecorded } from "./mysql-ports.js";
import { inParallel } from "./pool.js";
import { distinctProcesses } from "./processes.js";
import type { Recorded } from "./recorded.js";
import type { Round } from "./round.js";
import type { SameTopology } from "./same-topology.js";
import { Scope } from "./scope.js";
import { examine } from "./second-round.js";
import type { CollectSettings, CollectSources } from "./settings.js";
import type { Sighting } from "./sighting.js";
import { isPrimary, shardOf, shardsOfInterest, spokesmen } from "./spokesmen.js";

/** What the tablets at the witnessed addresses say, in two rounds: everybody, then one process for each shard. */
export async function tabletFacts(
  known: Witnesses,
  recorded: Recorded,
  topology: SameTopology,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<FactsPart> {
  const scope = new Scope(settings);
  const round: Round = {
    sources,
    topology,
    sidecars: recorded.sidecars,
    mysql: settings.mysql,
    wanted: (who) => scope.holds(who),
  };
  const { sightings, witnesses, replicas } = await meetEverybody(known, scope, round, settings);
  const processes = distinctProcesses(sightings, witnesses);
  const ports = await portsOfUnrecorded(processes, recorded, sources, settings);
  const examined = await examineShards(processes, recorded, sources, settings);
  const kept = new Set(processes);
  return joinFacts([
    { witness: [...witnesses, ...replicas].map(witnessRow) },
    {
      probe: ports.probes,
      live_tablet: processes
        .map((sighting) => liveRow(sighting, ports.at.get(sighting.target.address) ?? null))
        .filter((row) => row !== null),
    },
    { engine_stream: processes.filter(({ standing }) => standing === "ours").flatMap(engineStreamRows) },
    ...sightings.map((sighting) =>
      kept.has(sighting) ? sighting.facts : { probe: sighting.facts.probe ?? [] },
    ),
    ...examined,
  ]);
}

async function examineShards(
  processes: readonly Sighting[],
  recorded: Recorded,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<readonly FactsPart[]> {
  const interesting = shardsOfInterest(processes, recorded);
  const withTables = (sighting: Sighting): boolean =>
    interesting.has(shardOf(sighting)) || (settings.askTables && isPrimary(sighting));
  const chosen = spokesmen(processes);
  sources.progress?.(`reading the sidecar databases of ${chosen.length} tablets`);
  return inParallel(chosen, settings.concurrency, (sighting) =>
    examine(sighting, sources, withTables(sighting)),
  );
}
