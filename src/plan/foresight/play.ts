import { deriveRouting } from "../../snapshot/derive/index.js";
import { remembering } from "../../snapshot/derive/remember.js";
import { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep, Judge } from "../draft.js";
import { type Foreseen, NO_NAMES } from "../plan.js";
import { effectOf } from "../steps/index.js";
import { comparePaths, idOf, namesOf, type PathChange, type Routed, routedOf } from "./compare.js";
import { Copies, isTaking } from "./copies.js";
import { changeWords, fateWords } from "./words.js";
import type { World } from "./world.js";

/** What a plan would do to somebody. */
export interface Harm {
  /** The place of the step in the plan; null: at its end. */
  readonly step: number | null;
  readonly words: string;
}

/** What a run was begun on. */
export interface Begun {
  /** That its whole plan was proven to lead elsewhere or to take away: the streams that proved it may be gone. */
  readonly names: Foreseen["names"];
  /** Where queries led before what it has done; null: it is not known. A name that its own steps made is no loss when they go on. */
  readonly paths: Routed | null;
}

/** What is made of what the rules find at a plan's end that is worth a warning and that they did not find before. */
export interface End {
  readonly judge: Judge;
  /** An undo brings back what was repaired: that is told, and refuses nothing. */
  readonly alarms: "refused" | "told";
}

const NOT_BEGUN: Begun = { names: NO_NAMES, paths: null };

export type Played =
  | {
      readonly kind: "sound";
      readonly foreseen: Foreseen;
      /** Steps that change where queries lead. */
      readonly routing: ReadonlySet<number>;
    }
  | { readonly kind: "harmful"; readonly harm: Harm };

/**
 * Plays the steps of a plan on a snapshot (docs/decisions.md#d24). Query paths are judged after each step that can change them: steps that
 * write streams, reports, locks, the global VSchema and rules, or a shard that no cell routes to, can not. `begun`: where the steps are
 * what is left of a run.
 */
export const play = (
  snapshot: Snapshot,
  steps: readonly DraftStep[],
  end: End,
  begun: Begun = NOT_BEGUN,
): Played => {
  const facts = snapshot.facts();
  const before = routedOf(snapshot);
  const copies = new Copies(snapshot, before);
  const taken = new Set([...copies.takenBy(steps), ...begun.names.taken]);
  const proven = new Set(begun.names.elsewhere);
  const gone = new Map<string, PathChange>();
  const moved = new Map<string, PathChange>();
  const routing = new Set<number>();
  const isKnown = knownBefore(begun.paths);
  const remember = remembering();
  let world: World = { facts, heeded: [] };
  let last = before;
  let looks = 0;
  for (const [at, step] of steps.entries()) {
    if (isTaking(step))
      for (const table of step.tables) {
        const why = copies.unproven(step, table);
        if (why !== null)
          return harmful(
            at,
            `it takes ${table} of ${step.tablet.keyspace}/${step.tablet.shard} away, which is not proven a copy: ${why}`,
          );
      }
    const next = effectOf(step, world);
    const matters = touchesPaths(step, world, next, last);
    world = next;
    if (!matters) continue;
    const now = deriveRouting(world.facts, world.heeded, remember);
    looks += 1;
    for (const change of comparePaths(before, now)) {
      if (change.kind === "found") continue;
      const onPurpose = change.names.filter(({ name }) => taken.has(name));
      const names = change.names.filter(({ name }) => !taken.has(name) && isKnown(change, name));
      if (change.kind === "lost" && names.length > 0) return harmful(at, fateWords({ ...change, names }));
      if (onPurpose.length > 0) gone.set(keyOf(change), { ...change, names: onPurpose });
      if (names.length === 0 || moved.has(keyOf(change))) continue;
      for (const name of names) {
        const why = proven.has(name.name) ? null : copies.unfit(change, name, now);
        if (why !== null)
          return harmful(
            at,
            `${fateWords({ ...change, names: [name] })}, which is not proven to have its rows: ${why}`,
          );
      }
      routing.add(at);
      moved.set(keyOf(change), { ...change, names });
    }
    last = now;
  }
  const alarms = newAlarms(snapshot, world, end.judge);
  const [worst] = alarms;
  if (worst !== undefined && end.alarms === "refused")
    return harmful(null, `vtdoctor would find ${worst.id} then: ${worst.title}`);
  const paths = before.query_path.reduce((sum, { names }) => sum + Math.max(1, names), 0);
  return {
    kind: "sound",
    routing,
    foreseen: {
      ...{ paths, looks },
      elsewhere: changeWords([...moved.values()]),
      taken: changeWords([...gone.values()]),
      found: changeWords(comparePaths(before, last).filter(({ kind }) => kind === "found")),
      alarms: alarms.map(({ id, severity }) => `${id} (${severity})`),
      names: {
        elsewhere: namesIn([...moved.values()], begun.names.elsewhere),
        taken: namesIn([...gone.values()], begun.names.taken),
      },
    },
  };
};

const knownBefore = (paths: Routed | null): ((at: PathChange, name: string) => boolean) => {
  if (paths === null) return () => true;
  const known = new Set(
    paths.query_path.flatMap((row) => Object.keys(namesOf(row)).map((name) => idOf(row, name))),
  );
  const whole = (name: string): boolean => name === "" || name.endsWith(".");
  return ({ cell, tabletType }, name) =>
    whole(name) || known.has(idOf({ cell, tablet_type: tabletType }, name));
};

const namesIn = (changes: readonly PathChange[], more: readonly string[]): readonly string[] =>
  [...new Set([...changes.flatMap(({ names }) => names.map(({ name }) => name)), ...more])].sort();

const harmful = (step: number | null, words: string): Played => ({ kind: "harmful", harm: { step, words } });

const keyOf = ({ names, ...change }: PathChange): string => JSON.stringify([change, names]);

/** Whether anything changed that query paths follow from. */
const touchesPaths = (step: DraftStep, world: World, next: World, { srv_partition }: Routed): boolean => {
  if (next === world) return false;
  if (step.kind === "srvvschema.rebuild") return true;
  if (step.kind === "record.write" && step.record.kind === "srv-keyspace") return true;
  if (step.kind === "record.write" && !["shard", "tablet"].includes(step.record.kind)) return false;
  const tables = ["topo_key", "live_tablet", "live_table", "probe"] as const;
  const changed =
    next.heeded !== world.heeded || tables.some((table) => next.facts[table] !== world.facts[table]);
  if (!changed || step.kind === "lock.clear") return false;
  const keyspace = keyspaceOf(step, world);
  return (
    keyspace === null ||
    srv_partition.some(
      (row) =>
        row.keyspace === keyspace.keyspace && (keyspace.shard === null || row.shard === keyspace.shard),
    )
  );
};

interface Place {
  readonly keyspace: string;
  readonly shard: string | null;
}

/** Null: it is not told. The tables of an unsharded keyspace are names, on whatever shard they are. */
const keyspaceOf = (step: DraftStep, world: World): Place | null => {
  if ("tablet" in step) {
    const { keyspace, shard } = step.tablet;
    return { keyspace, shard: "tables" in step ? null : shard };
  }
  if ("shard" in step) return { keyspace: step.keyspace, shard: step.shard };
  if (step.kind !== "record.write") return null;
  if (step.record.kind === "shard") return step.record;
  if (step.record.kind !== "tablet") return null;
  const { alias } = step.record;
  const live = world.facts.live_tablet.find((row) => row.alias === alias);
  return live?.keyspace && live.shard ? { keyspace: live.keyspace, shard: live.shard } : null;
};

/** Of the snapshot that several plans are played on, once. */
const JUDGED = new WeakMap<Snapshot, ReadonlySet<string>>();

const idsOf = (snapshot: Snapshot, judge: Judge): ReadonlySet<string> => {
  const ids = JUDGED.get(snapshot) ?? new Set(judge(snapshot).map(({ id }) => id));
  JUDGED.set(snapshot, ids);
  return ids;
};

/** The worst first. */
const newAlarms = (snapshot: Snapshot, world: World, judge: Judge): ReturnType<Judge> => {
  const known = idsOf(snapshot, judge);
  const end = Snapshot.of(world.facts);
  try {
    return judge(end)
      .filter(({ id, severity, state }) => severity !== "info" && state !== "suppressed" && !known.has(id))
      .toSorted((one, other) => Number(other.severity === "critical") - Number(one.severity === "critical"));
  } finally {
    end.close();
  }
};
