import { type GuardOf, guardsOf, type Step, type StepKind, type StepOf } from "../plan/steps/index.js";
import {
  type Check,
  doneAlready,
  type Effect,
  type Known,
  READY,
  type Refused,
  type Silent,
} from "./check.js";
import type { RunContext } from "./run-context.js";
import { differsFrom } from "./tablet/identity.js";

/**
 * How one kind of step is done. `check` and `verify` only read; `run` is one attempt and may be repeated after a crash, so it
 * ends in the same state however often it runs.
 */
export interface StepRunner<K extends StepKind> {
  /** Reads what is there before, which is kept in the run's folder before the intent; null where nothing is changed. */
  readonly image: ((step: StepOf<K>, context: RunContext) => Promise<Known<unknown>>) | null;
  /** Whether it may run now. Asked before the intent is written, and again when a run is resumed. */
  check(step: StepOf<K>, context: RunContext): Promise<Check>;
  run(step: StepOf<K>, context: RunContext): Promise<Effect>;
  /** Whether its end state holds, whatever `run` was told; `ready` where it does not (yet). */
  verify(step: StepOf<K>, context: RunContext, effect: Effect): Promise<Check>;
}

/** Null: it holds. */
export type Broken = Refused | Silent | null;

/** A guard of the kind's declaration, which says it in words (`src/plan/steps`). */
type Guard<K extends StepKind, Seen> = (
  step: StepOf<K>,
  seen: Seen,
  context: RunContext,
) => Broken | Promise<Broken>;

interface Parts<K extends StepKind, Seen> {
  readonly image: StepRunner<K>["image"];
  /** Reads what the end state and the guards are judged by, once for all of them. */
  look(step: StepOf<K>, context: RunContext): Promise<Known<Seen>>;
  /** Its end state in words, where it holds. */
  ended(step: StepOf<K>, seen: Seen, context: RunContext): string | null;
  /**
   * Each guard that the declaration names, and no other: so a plan promises nothing that is not checked, and nothing refuses that it
   * did not say. `tablet` is everybody's and stands here: the process at the address is asked before anything is read from it. `unused` is
   * that of every DDL and stands in `ddl.ts`, right before it: afterwards the statement itself would be a user that waits.
   */
  readonly guards: { readonly [G in Exclude<GuardOf<K>, "tablet" | "unused">]: Guard<K, Seen> };
  run(step: StepOf<K>, context: RunContext): Promise<Effect>;
}

/** Guards run in the order in which the plan prints them; the first that does not hold stops the run. */
export const stepRunner = <K extends StepKind, Seen>(parts: Parts<K, Seen>): StepRunner<K> => {
  const guards = parts.guards as Readonly<Record<string, Guard<K, Seen> | undefined>>;
  const judge = async (step: StepOf<K>, context: RunContext): Promise<Check> => {
    const seen = await parts.look(step, context);
    if (seen.kind !== "known") return seen;
    const ended = parts.ended(step, seen.value, context);
    if (ended !== null) return doneAlready(ended);
    for (const name of Object.keys(guardsOf(step))) {
      const broken = (await guards[name]?.(step, seen.value, context)) ?? null;
      if (broken !== null) return broken;
    }
    return READY;
  };
  return {
    image: parts.image,
    check: async (step, context) => (await notTheTablet(step, context)) ?? judge(step, context),
    run: parts.run,
    verify: judge,
  };
};

/** The runner of a step whose answer alone proves it: it only looks, or nothing shows afterwards whether it was done. */
export const provenByAnswer = <K extends StepKind>(
  run: (step: StepOf<K>, context: RunContext) => Promise<Effect>,
): StepRunner<K> => ({
  image: null,
  check: async (step, context) => (await notTheTablet(step, context)) ?? READY,
  run,
  verify: async (_step, _site, effect) => (effect.kind === "done" ? doneAlready(effect.said) : READY),
});

const notTheTablet = async (step: Step, { ports }: RunContext): Promise<Broken> =>
  "tablet" in guardsOf(step) && "tablet" in step ? differsFrom(step.tablet, ports.reader) : null;
