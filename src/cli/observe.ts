import { type CollectSettings, type CollectSources, collect, observeTwice } from "../collect/collect.js";
import { connectionOf } from "../config/settings.js";
import type { Finding } from "../findings/finding.js";
import { judge } from "../rules/judge.js";
import type { Rule } from "../rules/rule.js";
import { Snapshot } from "../snapshot/snapshot.js";
import { collectSettings } from "./collect-settings.js";
import type { Request } from "./command.js";

/** What was seen, of a cluster or of a saved snapshot. */
export interface Observation {
  readonly snapshot: Snapshot;
  /** The first of two settled observations, or an earlier snapshot. */
  readonly earlier: Snapshot | null;
}

/** `--snapshot FILE`, else a live look at the cluster, once or (`--settle`) twice; kept in `--save-snapshot`. */
export async function observe(request: Request): Promise<Observation> {
  const { given, context } = request;
  const file = given.text("snapshot");
  const earlier = given.texts("earlier-snapshot").map((path) => Snapshot.open(path));
  const observation =
    file === undefined
      ? await lookLive(request, earlier)
      : { snapshot: Snapshot.open(file), earlier: earlier[0] ?? null };
  const keep = given.text("save-snapshot");
  if (keep !== undefined) {
    observation.snapshot.save(keep);
    context.terminal.note(`snapshot saved in ${keep}`);
  }
  return observation;
}

async function lookLive({ given, context }: Request, earlier: readonly Snapshot[]): Promise<Observation> {
  const connection = connectionOf(given, context.env);
  const settleMs = given.duration("settle");
  const known = earlier.map((snapshot) => snapshot.facts());
  const sources = await context.reach.sources(connection, context, given.yes("quiet"));
  try {
    const seen = await look(sources, collectSettings(connection, known, settleMs, context.version));
    return { snapshot: seen.snapshot, earlier: seen.earlier ?? earlier[0] ?? null };
  } finally {
    sources.close();
  }
}

/** One look, or two where the settings say so. */
async function look(sources: CollectSources, settings: CollectSettings): Promise<Observation> {
  if (settings.settleMs === null)
    return { snapshot: Snapshot.of(await collect(sources, settings)), earlier: null };
  const { first, second } = await observeTwice(sources, settings);
  return { snapshot: Snapshot.of(second), earlier: Snapshot.of(first) };
}

export const judged = (
  observation: Observation,
  rules: readonly Rule[],
  request: Request,
): readonly Finding[] =>
  judge(observation.snapshot, rules, {
    now: request.context.clock.now(),
    earlier: observation.earlier,
    suppressions: request.suppressions,
  });
