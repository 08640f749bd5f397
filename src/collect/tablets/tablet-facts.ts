import { type FactsPart, joinFacts } from "../../snapshot/facts.js";
import { addressName, type Witness, type WitnessSource, witnessRow } from "../../witnesses/witness.js";
import { Scope } from "../filters.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import type { Records } from "../topology/records.js";
import type { Asking, TabletAnswers } from "./answers.js";
import { askTablets, type Witnesses } from "./ask-all.js";
import { engineStreamRows, liveRow, replicationRows, sidecarRows } from "./rows.js";
import { askShards, portsOfUnrecorded } from "./second-round.js";

/** What the tablets at the witnessed addresses say, in two rounds: everybody, then one process for each shard. */
export async function tabletFacts(
  known: Witnesses,
  records: Records,
  isForeign: Asking["isForeign"],
  sources: CollectSources,
  settings: CollectSettings,
): Promise<FactsPart> {
  const scope = new Scope(settings);
  const asking: Asking = {
    sources,
    isForeign,
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
      replication: processes.flatMap(replicationRows),
    },
    { sidecar_schema: processes.flatMap(sidecarRows) },
    { engine_stream: processes.filter(({ access }) => access === "ours").flatMap(engineStreamRows) },
    ...answers.map((tablet) => (kept.has(tablet) ? tablet.facts : { probe: tablet.facts.probe ?? [] })),
    ...examined,
  ]);
}

/** A record's address first, also a deleted one's: it is what a restored record will name again. */
const PREFERENCE: readonly WitnessSource[] = ["topology", "history", "inventory", "snapshot", "replica"];

/**
 * Each process once, though it may be known under several addresses: the address that a record names or named stays. Two
 * processes of one alias stay two: the same MySQL and the same primary term, and the same command line (or, where one is not known,
 * the same port) prove one process, nothing less.
 */
function distinctProcesses(
  answers: readonly TabletAnswers[],
  witnesses: readonly Witness[],
): readonly TabletAnswers[] {
  const preference = preferenceOf(witnesses);
  const rank = ({ target }: TabletAnswers): number => preference.get(target.address) ?? PREFERENCE.length;
  const preferred = answers.toSorted(
    (a, b) => rank(a) - rank(b) || (a.target.address < b.target.address ? -1 : 1),
  );
  const kept = new Map<string, TabletAnswers[]>();
  for (const tablet of preferred) {
    const key = serverOf(tablet);
    const alike = kept.get(key) ?? [];
    if (!alike.some((other) => isSameProcess(other, tablet))) kept.set(key, [...alike, tablet]);
  }
  return [...kept.values()].flat();
}

function serverOf({ target, who, status, identity }: TabletAnswers): string {
  if (who === null || status === null) return target.address;
  return JSON.stringify([who.alias, status.serverUuid, identity?.termStart ?? null]);
}

const isSameProcess = (one: TabletAnswers, other: TabletAnswers): boolean =>
  one.vars === null || other.vars === null
    ? one.target.at.grpcPort === other.target.at.grpcPort
    : one.vars.commandLineJson === other.vars.commandLineJson;

function preferenceOf(witnesses: readonly Witness[]): ReadonlyMap<string, number> {
  const preference = new Map<string, number>();
  for (const { source, at } of witnesses) {
    const address = addressName(at);
    const rank = PREFERENCE.indexOf(source);
    preference.set(address, Math.min(rank, preference.get(address) ?? rank));
  }
  return preference;
}
