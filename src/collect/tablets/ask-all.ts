import { type Unanswered, unanswered } from "../../cluster/outcome.js";
import { parseStreamSource } from "../../cluster/stream-source.js";
import { type Target, targetsOf } from "../../witnesses/targets.js";
import type { Witness } from "../../witnesses/witness.js";
import { type Replica, replicaWitnesses } from "../../witnesses/witnesses.js";
import type { Scope } from "../filters.js";
import type { CollectSettings } from "../settings.js";
import { type Asking, cellOfAlias, ProbeLog, type TabletAnswers } from "./answers.js";
import { askTablet, NONE } from "./first-round.js";
import { inParallel } from "./pool.js";
import { liveAddress } from "./rows.js";

export interface Witnesses {
  readonly present: readonly Witness[];
  /** With those that etcd's history names. */
  readonly all: Promise<readonly Witness[]>;
}

export interface Asked {
  readonly answers: readonly TabletAnswers[];
  readonly witnesses: readonly Witness[];
  readonly replicas: readonly Witness[];
}

/**
 * The first round at every address: those that are known at once while etcd's history is still read, then those that only it names, those
 * of keyspaces that streams read from, and those where replicas say that their source is.
 */
export async function askTablets(
  { present, all }: Witnesses,
  scope: Scope,
  asking: Asking,
  settings: CollectSettings,
): Promise<Asked> {
  const ask = async (targets: readonly Target[]): Promise<readonly TabletAnswers[]> => {
    if (targets.length === 0) return [];
    asking.sources.progress?.(`asking ${targets.length} tablets`);
    asking.sources.expecting?.(targets.length);
    return askAddresses(targets, asking, settings);
  };
  const wanted = (target: Target): boolean => scope.mayHold(target);
  const early = targetsOf(present);
  const targets = all.then(targetsOf);
  const [now, then] = await Promise.all([
    ask(early.filter(wanted)),
    targets.then((known) => ask(unknownIn(known, early).filter(wanted))),
  ]);
  const met = new Map([...now, ...then].map((tablet) => [tablet.target.address, tablet]));
  const witnesses = await all;
  if (scope.widen(sourceKeyspaces([...met.values()]))) {
    const more = (await targets).filter((target) => wanted(target) && !met.has(target.address));
    for (const tablet of await ask(more)) met.set(tablet.target.address, tablet);
  }
  const replicas = replicaWitnesses([...met.values()].flatMap(replicaOf), witnesses);
  if (settings.mysql)
    for (const tablet of await ask(targetsOf(replicas))) met.set(tablet.target.address, tablet);
  return { answers: [...met.values()], witnesses, replicas };
}

/** The keyspaces in this cluster that streams read from. */
function sourceKeyspaces(answers: readonly TabletAnswers[]): ReadonlySet<string> {
  const keyspaces = answers
    .flatMap(({ facts }) => facts.vreplication ?? [])
    .map(({ source }) => parseStreamSource(source))
    .flatMap((from) =>
      from.kind === "answered" && from.value.externalCluster === "" ? [from.value.keyspace] : [],
    );
  return new Set(keyspaces);
}

function replicaOf(tablet: TabletAnswers): readonly Replica[] {
  const server = tablet.status ?? tablet.mysql;
  if (server === null) return [];
  const { sourceHost, sourcePort } = server;
  return [{ address: liveAddress(tablet), keyspace: tablet.who?.keyspace ?? null, sourceHost, sourcePort }];
}

/** New, or with other expectations than before: whoever answers there is to be judged by all that is known of the address. */
function unknownIn(targets: readonly Target[], before: readonly Target[]): readonly Target[] {
  const known = new Set(before.map(nameOf));
  return targets.filter((target) => !known.has(nameOf(target)));
}

const nameOf = ({ at, aliases, keyspaces }: Target): string => JSON.stringify([at, aliases, keyspaces]);

/** Addresses that only the past knows are mostly dead: few at once, few in all, and only for a few deadlines (docs/decisions.md#d7). */
const PAST = { atOnce: 16, inAll: 512, deadlines: 3 };

/** The first round at every address. */
async function askAddresses(
  targets: readonly Target[],
  asking: Asking,
  settings: CollectSettings,
): Promise<readonly TabletAnswers[]> {
  const present = targets.filter(({ past }) => !past);
  const past = targets.filter((target) => target.past).slice(0, PAST.inAll);
  const [now, then] = await Promise.all([
    askPresent(present, asking, settings.concurrency),
    askPast(past, asking, settings.timeoutMs * PAST.deadlines),
  ]);
  return [...now, ...then];
}

async function visit(target: Target, asking: Asking): Promise<TabletAnswers> {
  const tablet = await askTablet(target, asking);
  asking.sources.tablets.leave(target.at);
  return tablet;
}

function askPresent(
  targets: readonly Target[],
  asking: Asking,
  atOnce: number,
): Promise<readonly TabletAnswers[]> {
  const quiet = new QuietCells();
  return inParallel(targets, atOnce, async (target) => {
    const cell = target.aliases[0] === undefined ? "" : cellOfAlias(target.aliases[0]);
    const silence = quiet.silence(cell);
    if (silence !== null) return notDialled(target, asking, silence);
    const tablet = await visit(target, asking);
    const timedOut = tablet.facts.probe?.some(
      ({ channel, reason }) => channel === "health" && reason === "timeout",
    );
    quiet.note(cell, timedOut === true);
    return tablet;
  });
}

async function askPast(
  targets: readonly Target[],
  asking: Asking,
  withinMs: number,
): Promise<readonly TabletAnswers[]> {
  const { clock } = asking.sources;
  const until = clock.now() + withinMs;
  const answers = await inParallel(targets, PAST.atOnce, async (target) =>
    clock.now() < until ? [await visit(target, asking)] : [],
  );
  return answers.flat();
}

function notDialled(target: Target, asking: Asking, silence: Parameters<ProbeLog["note"]>[1]): TabletAnswers {
  const { clock } = asking.sources;
  const log = new ProbeLog(target.address, target.required, clock);
  log.note("health", silence);
  return {
    target,
    access: "silent",
    who: null,
    identity: null,
    vars: null,
    status: null,
    mysql: null,
    ghosts: NONE,
    empty: new Set(),
    sidecars: [],
    byGrpc: false,
    observedAtMs: clock.now(),
    facts: { probe: log.probes },
  };
}

/** So many deadlines without one answer are no chance. */
const ENOUGH = 32;

/**
 * Ends the waiting for a cell whose network swallows everything: after enough of its tablets let their deadline pass and none ever
 * answered, the others count as timed out without being dialled. So a lost cell costs a few deadlines, not one per tablet.
 */
class QuietCells {
  readonly #timeouts = new Map<string, number>();
  readonly #heard = new Set<string>();

  /** Why a tablet of the cell need not be dialled; null: dial it. */
  silence(cell: string): Unanswered | null {
    const timeouts = this.#timeouts.get(cell) ?? 0;
    if (cell === "" || this.#heard.has(cell) || timeouts < ENOUGH) return null;
    return unanswered(
      "timeout",
      `not dialled: ${ENOUGH} other tablets of cell ${cell} timed out and none answered`,
    );
  }

  note(cell: string, timedOut: boolean): void {
    if (timedOut) this.#timeouts.set(cell, (this.#timeouts.get(cell) ?? 0) + 1);
    else this.#heard.add(cell);
  }
}
