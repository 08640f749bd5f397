import type { ExitName } from "../../cluster/errors.js";
import type { Inverse } from "../../plan/kind.js";
import type { Plan } from "../../plan/plan.js";
import type { StepKind } from "../../plan/steps/index.js";
import type { Looked } from "../stage-look.js";
import type { StepOutcome } from "./run-result.js";

/**
 * One line of `journal.jsonl`. An `intent` is on disk before its effect begins, a `result` after its end state was seen (invariant 6);
 * an intent without a result is settled by reading reality. `at`: ISO 8601, so that a person can read the file.
 */
export type JournalRecord = { readonly at: string } & JournalEntry;

export type JournalEntry =
  | {
      readonly kind: "started" | "resumed";
      readonly run: string;
      readonly command: string;
      readonly hostName: string;
      readonly userName: string;
      /** Of the plan (`fingerprintOf`); absent in earlier journals. */
      readonly sha256?: string;
    }
  /** Vitess locks, so that a later process can give back what a killed one left. */
  | { readonly kind: "locked"; readonly stage: string; readonly locks: readonly LockRecord[] }
  | { readonly kind: "unlocked"; readonly stage: string }
  | {
      readonly kind: "intent";
      readonly step: string;
      readonly does: StepKind;
      readonly inverse: Inverse;
      /** The file in the run's folder that holds what was there before, or null where the step changes nothing. */
      readonly before: string | null;
    }
  | { readonly kind: "result"; readonly step: string; readonly outcome: StepOutcome; readonly said: string }
  /** The look at the query paths before the first stage (`stage` null) or after one (docs/runs.md#after-each-stage). */
  | ({ readonly kind: "looked"; readonly stage: string | null } & Pick<
      Looked,
      "verdict" | "said" | "elsewhere"
    >)
  /** The step did not reach its end state, or may not have: the run stopped here. */
  | { readonly kind: "stopped"; readonly because: string }
  | { readonly kind: "finished" }
  /** The new look at the cluster after the last step; `reasons`: why it is not all well. */
  | { readonly kind: "verified"; readonly exit: ExitName; readonly reasons: readonly string[] };

export interface LockRecord {
  readonly name: string;
  readonly server: string;
  readonly key: string;
  readonly lease: string;
  readonly createRevision: number;
}

/** The steps whose end state was seen, with what was said. */
export const resultsIn = (
  records: readonly JournalRecord[],
): ReadonlyMap<string, Extract<JournalEntry, { kind: "result" }>> =>
  new Map(records.flatMap((record) => (record.kind === "result" ? [[record.step, record] as const] : [])));

/** The plan without the steps that were done. */
export function planLeft(plan: Plan, records: readonly JournalRecord[]): Plan {
  const done = resultsIn(records);
  const stages = plan.stages
    .map((stage) => ({ ...stage, steps: stage.steps.filter(({ id }) => !done.has(id)) }))
    .filter(({ steps }) => steps.length > 0);
  return { ...plan, stages };
}

/** Steps that were begun: reality may show their effect. */
export const intentsIn = (records: readonly JournalRecord[]): ReadonlySet<string> =>
  new Set(records.flatMap((record) => (record.kind === "intent" ? [record.step] : [])));

/** Locks that were taken and not given back. */
export function abandonedLocks(records: readonly JournalRecord[]): readonly LockRecord[] {
  let open: readonly LockRecord[] = [];
  for (const record of records) {
    if (record.kind === "locked") open = [...open, ...record.locks];
    if (record.kind === "unlocked") open = [];
  }
  return open;
}

/** The last look found query paths worse, and no later one found them well: the way on is back. */
export const isWorse = (records: readonly JournalRecord[]): boolean =>
  records.findLast((record) => record.kind === "looked")?.verdict === "worse";

export const isFinished = (records: readonly JournalRecord[]): boolean =>
  records.some((record) => record.kind === "finished");
