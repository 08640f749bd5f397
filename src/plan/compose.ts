import { type Draft, type DraftStage, type DraftStep, joinDrafts, worthRunning } from "./draft.js";
import { mergeChange, subjectOfChange } from "./records/change.js";
import type { Bytes } from "./records/record-type.js";
import type { Blocked } from "./refs.js";

type Write = Extract<DraftStep, { kind: "record.write" }>;

/** One repair behind the others. One that can not write a record behind them is refused whole. */
export const behind = (earlier: Draft, next: Draft): Draft => {
  const done = earlier.stages.flatMap(({ steps }) => steps);
  const stages: DraftStage[] = [];
  for (const stage of next.stages) {
    const one = composed([...done, ...stages.flatMap(({ steps }) => steps)], stage.steps);
    if (one.kind === "clash") return { ...earlier, blocked: [...earlier.blocked, ...clashing(next, one)] };
    stages.push({ ...stage, steps: one.steps });
  }
  return joinDrafts([earlier, { ...next, stages: worthRunning(stages) }]);
};

const clashing = ({ repairs, blocked }: Draft, { key, what }: Clash): readonly Blocked[] => [
  ...blocked,
  ...(repairs.length === 0 ? [null] : repairs).map((finding) => ({
    object: { key },
    finding,
    reason: `another repair of this plan changes ${what} too, and otherwise`,
    instead: "repair the one, scan again, and then the other",
  })),
];

interface Clash {
  readonly kind: "clash";
  readonly key: string;
  readonly what: string;
}

type Composed =
  | { readonly kind: "composed"; readonly steps: readonly DraftStep[] }
  /** Both change the same, and differently. */
  | Clash;

/**
 * The steps as they are behind `earlier` ones: both were made from one snapshot, and where both write one record, the later one makes its
 * change in what the earlier one leaves.
 */
export const composed = (earlier: readonly DraftStep[], steps: readonly DraftStep[]): Composed => {
  const done: DraftStep[] = [];
  for (const step of steps) {
    const there = isWrite(step) ? leftBy([...earlier, ...done], step) : undefined;
    if (!isWrite(step) || there === undefined) {
      done.push(step);
      continue;
    }
    const merged = mergeChange(step, there);
    if (merged.kind === "conflict") return { kind: "clash", key: step.key, what: subjectOfChange(step) };
    if (merged.kind === "put") done.push({ ...step, modRevision: null, before: there, after: merged.value });
  }
  return { kind: "composed", steps: done };
};

/** What the steps leave in a key; undefined: they do not write it. */
export const leftBy = (
  steps: readonly DraftStep[],
  { server, key }: { readonly server: string; readonly key: string },
): Bytes | undefined =>
  steps.findLast((step): step is Write => isWrite(step) && step.server === server && step.key === key)?.after;

const isWrite = (step: DraftStep): step is Write => step.kind === "record.write";
