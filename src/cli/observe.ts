import { type CollectSettings, type CollectSources, collect, observeTwice } from "../collect/collect.js";
import { type Connection, connectionOf, type Given } from "../config/settings.js";
import type { Finding } from "../findings/finding.js";
import type { FailOn } from "../findings/verdict.js";
import type { Judge } from "../plan/draft.js";
import { loadRules, pickRules, SHIPPED_RULES } from "../rulefiles/load.js";
import { firstLookOf } from "../rules/first-look.js";
import { judge } from "../rules/judge.js";
import type { Rule } from "../rules/rule.js";
import { type FirstLook, withFirstLook } from "../rules/settled.js";
import type { Facts } from "../snapshot/facts.js";
import { Snapshot } from "../snapshot/snapshot.js";
import { type Calls, countedReader } from "../tablets/counted.js";
import { NO_INVENTORY, readInventory } from "../witnesses/inventory.js";
import type { Request } from "./command.js";
import { unlessAborted } from "./process.js";

/** What was seen, of a cluster or of a saved snapshot. */
export interface Observation {
  readonly snapshot: Snapshot;
  /** `--earlier-snapshot`: the first. What `--settle` saw before is in the snapshot itself. */
  readonly earlier: Snapshot | null;
}

/** Judged when somebody asks, and once: the rules take seconds over a large cluster. */
export interface Judged extends Observation {
  findings(): readonly Finding[];
}

export interface Observing {
  /** Whether the tables of every shard are asked for. */
  readonly askTables?: boolean;
  /** The look before this one. */
  readonly first?: FirstLook;
  /** The tables of the snapshot that are read; absent: all may be. */
  readonly reads?: ReadonlySet<string>;
  /** Told after each look what the tablets were asked. */
  readonly onCalls?: (calls: Calls) => void;
}

/** `--snapshot FILE`, else a live look at the cluster, once or (`--settle`) twice. */
export async function observe(request: Request, observing: Observing = {}): Promise<Observation> {
  const { given, closesAtEnd } = request;
  const file = given.text("snapshot");
  const earlier = given.texts("earlier-snapshot").map((path) => closesAtEnd(Snapshot.open(path)));
  return file === undefined
    ? lookLive(request, earlier, observing)
    : { snapshot: closesAtEnd(Snapshot.open(file)), earlier: earlier[0] ?? null };
}

/** In `--save-snapshot`, where that is given. */
export function keep({ snapshot }: Observation, { given, context }: Request): void {
  const path = given.text("save-snapshot");
  if (path === undefined) return;
  snapshot.save(path);
  context.terminal.note(`snapshot saved in ${path}`);
}

async function lookLive(
  { given, context, closesAtEnd }: Request,
  earlier: readonly Snapshot[],
  { askTables = false, first, reads, onCalls }: Observing,
): Promise<Observation> {
  const connection = connectionOf(given, context.env);
  const settleMs = given.duration("settle");
  const known = earlier.map((snapshot) => snapshot.facts());
  const sources = await context.backend.sources(connection, context, given.yes("quiet"));
  const { reader, calls } = countedReader(sources.tablets);
  const counted = onCalls === undefined ? sources : { ...sources, tablets: reader };
  let facts: Facts;
  try {
    const settings = {
      ...collectSettings(connection, known, settleMs, context.version),
      askTables: askTables || given.yes("all-tables"),
      ...(reads === undefined ? {} : { reads }),
    };
    const look = (settleMs ?? 0) === 0 ? collect(counted, settings) : settled(counted, settings, given);
    facts = await unlessAborted(look, context.signal);
  } finally {
    // Before the snapshot, so that both do not need their memory at once.
    sources.close();
  }
  onCalls?.(calls);
  const told = first === undefined ? facts : withFirstLook(facts, first);
  return { snapshot: closesAtEnd(Snapshot.of(told)), earlier: earlier[0] ?? null };
}

/** Two looks as one: the second, with what the first showed already. */
async function settled(sources: CollectSources, settings: CollectSettings, given: Given): Promise<Facts> {
  const { first, second } = await observeTwice(sources, settings);
  const before = Snapshot.of(first);
  try {
    return withFirstLook(second, firstLookOf(before, everyRule(given)));
  } finally {
    before.close();
  }
}

export const failOnOf = (given: Given): FailOn => (given.text("fail-on") ?? "warning") as FailOn;

export const judged = (observation: Observation, rules: readonly Rule[], request: Request): Judged => {
  let known: readonly Finding[] | null = null;
  const findings = (): readonly Finding[] => {
    known ??= judge(observation.snapshot, rules, {
      now: request.context.clock.now(),
      earlier: observation.earlier,
      suppressions: request.suppressions,
    });
    return known;
  };
  return { ...observation, findings };
};

/** What the rules say of another snapshot, at once. */
export const judgeAgain = ({ given, context, suppressions }: Request): Judge => {
  const [rules, now] = [ruleSet(given), context.clock.now()];
  return (snapshot) => judge(snapshot, rules, { now, earlier: null, suppressions });
};

/** Reads of old revisions that one scan may ask of an etcd (docs/decisions.md#d7). */
const HISTORY_BUDGET = 400;

export const collectSettings = (
  connection: Connection,
  earlier: readonly Facts[],
  settleMs: number | null,
  version: string,
): CollectSettings => ({
  version,
  globalServer: connection.globalServer,
  globalRoot: connection.globalRoot,
  inventory: connection.inventory === null ? NO_INVENTORY : readInventory(connection.inventory),
  earlier,
  keyspaces: connection.keyspaces,
  cells: connection.cells,
  timeoutMs: connection.timeoutMs,
  concurrency: connection.concurrency,
  historyBudget: HISTORY_BUDGET,
  mysql: connection.mysql !== null,
  askTables: false,
  settleMs,
});

/** Our rules and the operator's (`--rules`). */
export const everyRule = (given: Given): readonly Rule[] =>
  loadRules([SHIPPED_RULES, ...given.texts("rules")]);

/** The same, reduced to `--rule` where that was given. */
export const ruleSet = (given: Given): readonly Rule[] => pickRules(everyRule(given), given.texts("rule"));
