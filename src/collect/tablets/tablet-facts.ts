import { witnessRow } from "../../witnesses/witness.js";
import { type FactsPart, joinFacts } from "../facts-part.js";
import { Scope } from "../scope.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import type { Records } from "../topology/records.js";
import type { SameTopology } from "../topology/same-topology.js";
import type { Asking, TabletAnswers } from "./answers.js";
import { askTablets, type Witnesses } from "./ask-all.js";
import { engineStreamRows, liveRow } from "./live-row.js";
import { isPrimary, primariesOrAll, shardOf, shardsOfInterest } from "./per-shard.js";
import { inParallel } from "./pool.js";
import { distinctProcesses } from "./processes.js";
import { askShard, portsOfUnrecorded } from "./second-round.js";

/** What the tablets at the witnessed addresses say, in two rounds: everybody, then one process for each shard. */
export async function tabletFacts(
  known: Witnesses,
  records: Records,
  topology: SameTopology,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<FactsPart> {
  const scope = new Scope(settings);
  const asking: Asking = {
    sources,
    topology,
    sidecars: records.sidecars,
    mysql: settings.mysql,
    wanted: (who) => scope.holds(who),
  };
  const { answers, witnesses, replicas } = await askTablets(known, scope, asking, settings);
  const processes = distinctProcesses(answers, witnesses);
  const ports = await portsOfUnrecorded(processes, records, sources, settings);
  const examined = await askShards(processes, records, sources, settings);
  const kept = new Set(processes);
  return joinFacts([
    { witness: [...witnesses, ...replicas].map(witnessRow) },
    {
      probe: ports.probes,
      live_tablet: processes
        .map((tablet) => liveRow(tablet, ports.at.get(tablet.target.address) ?? null))
        .filter((row) => row !== null),
    },
    { engine_stream: processes.filter(({ access }) => access === "ours").flatMap(engineStreamRows) },
    ...answers.map((tablet) => (kept.has(tablet) ? tablet.facts : { probe: tablet.facts.probe ?? [] })),
    ...examined,
  ]);
}

async function askShards(
  processes: readonly TabletAnswers[],
  records: Records,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<readonly FactsPart[]> {
  const interesting = shardsOfInterest(processes, records);
  const withTables = (tablet: TabletAnswers): boolean =>
    interesting.has(shardOf(tablet)) || (settings.askTables && isPrimary(tablet));
  const chosen = primariesOrAll(processes);
  sources.progress?.(`reading the sidecar databases of ${chosen.length} tablets`);
  return inParallel(chosen, settings.concurrency, (tablet) => askShard(tablet, sources, withTables(tablet)));
}
