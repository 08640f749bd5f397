import type { Target } from "../witnesses/targets.js";
import { meet } from "./first-round.js";
import { Interview } from "./interview.js";
import { inParallel } from "./pool.js";
import { QuietCells } from "./quiet-cells.js";
import type { Round } from "./round.js";
import { NONE } from "./rowless.js";
import type { CollectSettings } from "./settings.js";
import type { Sighting } from "./sighting.js";
import { cellOfAlias } from "./standing.js";

/** Addresses that only the past knows are mostly dead: few at once, few in all, and only for a few deadlines (docs/decisions.md#d7). */
const PAST = { atOnce: 16, inAll: 512, deadlines: 3 };

/** The first round at every address. */
export async function census(
  targets: readonly Target[],
  round: Round,
  settings: CollectSettings,
): Promise<readonly Sighting[]> {
  const present = targets.filter(({ past }) => !past);
  const past = targets.filter((target) => target.past).slice(0, PAST.inAll);
  const [now, then] = await Promise.all([
    meetAll(present, round, settings.concurrency),
    meetPast(past, round, settings.timeoutMs * PAST.deadlines),
  ]);
  return [...now, ...then];
}

async function visit(target: Target, round: Round): Promise<Sighting> {
  const sighting = await meet(target, round);
  round.sources.tablets.leave(target.at);
  return sighting;
}

function meetAll(targets: readonly Target[], round: Round, atOnce: number): Promise<readonly Sighting[]> {
  const quiet = new QuietCells();
  return inParallel(targets, atOnce, async (target) => {
    const cell = target.aliases[0] === undefined ? "" : cellOfAlias(target.aliases[0]);
    const silence = quiet.silence(cell);
    if (silence !== null) return notDialled(target, round, silence);
    const sighting = await visit(target, round);
    const timedOut = sighting.facts.probe?.some(
      ({ channel, reason }) => channel === "health" && reason === "timeout",
    );
    quiet.note(cell, timedOut === true);
    return sighting;
  });
}

async function meetPast(
  targets: readonly Target[],
  round: Round,
  withinMs: number,
): Promise<readonly Sighting[]> {
  const { clock } = round.sources;
  const until = clock.now() + withinMs;
  const sightings = await inParallel(targets, PAST.atOnce, async (target) =>
    clock.now() < until ? [await visit(target, round)] : [],
  );
  return sightings.flat();
}

function notDialled(target: Target, round: Round, silence: Parameters<Interview["note"]>[1]): Sighting {
  const { clock } = round.sources;
  const interview = new Interview(target.address, target.required, clock);
  interview.note("health", silence);
  return {
    target,
    standing: "silent",
    who: null,
    identity: null,
    vars: null,
    status: null,
    mysql: null,
    rowless: NONE,
    empty: new Set(),
    byGrpc: false,
    observedAtMs: clock.now(),
    facts: { probe: interview.probes },
  };
}
