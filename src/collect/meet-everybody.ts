import { type Replica, replicaWitnesses } from "../witnesses/replica-witnesses.js";
import { type Target, targetsOf } from "../witnesses/targets.js";
import type { Witness } from "../witnesses/witness.js";
import { census } from "./census.js";
import { liveAddress } from "./live-row.js";
import type { Round } from "./round.js";
import type { Scope } from "./scope.js";
import type { CollectSettings } from "./settings.js";
import type { Sighting } from "./sighting.js";
import { sourceKeyspaces } from "./spokesmen.js";

export interface Witnesses {
  readonly present: readonly Witness[];
  /** With those that etcd's history names. */
  readonly all: Promise<readonly Witness[]>;
}

export interface Met {
  readonly sightings: readonly Sighting[];
  readonly witnesses: readonly Witness[];
  readonly replicas: readonly Witness[];
}

/**
 * The first round at every address: those that are known at once while etcd's history is still read, then those that only it names, those
 * of keyspaces that streams read from, and those where replicas say that their source is.
 */
export async function meetEverybody(
  { present, all }: Witnesses,
  scope: Scope,
  round: Round,
  settings: CollectSettings,
): Promise<Met> {
  const ask = async (targets: readonly Target[]): Promise<readonly Sighting[]> => {
    if (targets.length === 0) return [];
    round.sources.progress?.(`asking ${targets.length} tablets`);
    round.sources.expecting?.(targets.length);
    return census(targets, round, settings);
  };
  const wanted = (target: Target): boolean => scope.mayHold(target);
  const early = targetsOf(present);
  const targets = all.then(targetsOf);
  const [now, then] = await Promise.all([
    ask(early.filter(wanted)),
    targets.then((known) => ask(unlike(known, early).filter(wanted))),
  ]);
  const met = new Map([...now, ...then].map((sighting) => [sighting.target.address, sighting]));
  const witnesses = await all;
  if (scope.widen(sourceKeyspaces([...met.values()]))) {
    const more = (await targets).filter((target) => wanted(target) && !met.has(target.address));
    for (const sighting of await ask(more)) met.set(sighting.target.address, sighting);
  }
  const replicas = replicaWitnesses([...met.values()].flatMap(replicaOf), witnesses);
  if (settings.mysql)
    for (const sighting of await ask(targetsOf(replicas))) met.set(sighting.target.address, sighting);
  return { sightings: [...met.values()], witnesses, replicas };
}

function replicaOf(sighting: Sighting): readonly Replica[] {
  const server = sighting.status ?? sighting.mysql;
  if (server === null) return [];
  const { sourceHost, sourcePort } = server;
  return [
    { address: liveAddress(sighting), keyspace: sighting.who?.keyspace ?? null, sourceHost, sourcePort },
  ];
}

/** New, or with other expectations than before: whoever answers there is to be judged by all that is known of the address. */
function unlike(targets: readonly Target[], before: readonly Target[]): readonly Target[] {
  const known = new Set(before.map(nameOf));
  return targets.filter((target) => !known.has(nameOf(target)));
}

const nameOf = ({ at, aliases, keyspaces }: Target): string => JSON.stringify([at, aliases, keyspaces]);
