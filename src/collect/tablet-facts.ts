import { replicaWitnesses } from "../witnesses/replica-witnesses.js";
import { type Target, targetsOf } from "../witnesses/targets.js";
import { type Witness, witnessRow } from "../witnesses/witness.js";
import { census } from "./census.js";
import { type FactsPart, joinFacts } from "./facts-part.js";
import { engineStreamRows, liveRow } from "./live-row.js";
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
import { isPrimary, shardOf, shardsOfInterest, sourceKeyspaces, spokesmen } from "./spokesmen.js";

/** What the tablets at the witnessed addresses say, in two rounds: everybody, then one process for each shard. */
export async function tabletFacts(
  witnesses: readonly Witness[],
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
  const { sightings, replicas } = await meetEverybody(witnesses, scope, round, settings);
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

async function meetEverybody(
  witnesses: readonly Witness[],
  scope: Scope,
  round: Round,
  settings: CollectSettings,
): Promise<{ readonly sightings: readonly Sighting[]; readonly replicas: readonly Witness[] }> {
  const targets = targetsOf(witnesses);
  const met = new Map<string, Sighting>();
  const meetAll = async (chosen: readonly Target[]): Promise<void> => {
    round.sources.progress?.(`asking ${chosen.length} tablets`);
    round.sources.expecting?.(chosen.length);
    for (const sighting of await census(chosen, round, settings)) met.set(sighting.target.address, sighting);
  };
  await meetAll(targets.filter((target) => scope.mayHold(target)));
  if (scope.widen(sourceKeyspaces([...met.values()]))) {
    await meetAll(targets.filter((target) => scope.mayHold(target) && !met.has(target.address)));
  }
  const live = [...met.values()].map((sighting) => liveRow(sighting, null)).filter((row) => row !== null);
  const replicas = replicaWitnesses(live, witnesses);
  if (settings.mysql) await meetAll(targetsOf(replicas));
  return { sightings: [...met.values()], replicas };
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
