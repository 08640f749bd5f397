import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DoctorError, isCode, RefusedError, UsageError } from "../../cluster/errors.js";
import type { BegunStep, LaterRun, PastRun } from "../../plan/past-run.js";
import type { Plan } from "../../plan/plan.js";
import { intentsIn, isFinished, type JournalRecord, resultsIn } from "./journal.js";
import { journalIn, readJournal } from "./journal-file.js";
import { planIn, planOfRun } from "./plan-file.js";
import { noRun } from "./run-folder-disk.js";

/** A run as its folder tells it, without claiming the folder. */
export interface StoredRun {
  readonly run: string;
  readonly path: string;
  readonly plan: Plan;
  readonly records: readonly JournalRecord[];
}

/** Every run in a folder of runs, oldest first. A damaged one does not hide the others. */
export interface RunList {
  readonly runs: readonly StoredRun[];
  readonly damaged: readonly { readonly run: string; readonly reason: string }[];
}

export function listRuns(runsDir: string): RunList {
  const names = existsSync(runsDir) ? readdirSync(runsDir).sort() : [];
  const read = names
    .filter((name) => existsSync(planIn(join(runsDir, name))))
    .map((name) => readOne(join(runsDir, name), name));
  const runs = read.flatMap((one) => ("plan" in one ? [one] : []));
  return {
    runs: runs.toSorted((one, other) => startOf(one) - startOf(other)),
    damaged: read.flatMap((one) => ("reason" in one ? [one] : [])),
  };
}

/** The runs of several folders as one list. */
export const joinLists = (lists: readonly RunList[]): RunList => ({
  runs: lists.flatMap(({ runs }) => runs).toSorted((one, other) => startOf(one) - startOf(other)),
  damaged: lists.flatMap(({ damaged }) => damaged),
});

/** Milliseconds. */
const startOf = ({ plan, records }: StoredRun): number =>
  records[0] === undefined ? plan.createdAt : Date.parse(records[0].at);

function readOne(path: string, run: string): StoredRun | { readonly run: string; readonly reason: string } {
  try {
    const records = readJournal(journalIn(path));
    return { run, path, plan: planOfRun(path, records), records };
  } catch (error) {
    if (error instanceof DoctorError) return { run, reason: error.message };
    throw error;
  }
}

/** The journal of a run that is on the list. */
export const recordsOf = (runsDir: string, run: string): readonly JournalRecord[] =>
  readJournal(journalIn(join(runsDir, run)));

/** Throws `UsageError` where there is no such run, or where its folder can not be read. */
export function findRun(list: RunList, place: string, run: string): StoredRun {
  const found = list.runs.find((one) => one.run === run);
  if (found !== undefined) return found;
  const damaged = list.damaged.find((one) => one.run === run);
  throw new UsageError(damaged === undefined ? noRun(place, namesIn(list), run) : damaged.reason);
}

export const namesIn = ({ runs, damaged }: RunList): readonly string[] =>
  [...runs, ...damaged].map(({ run }) => run);

/** What `undo` and `purge` are planned on. Throws `RefusedError` where a before-image can not be read. */
export function pastRun(list: RunList, { run, path, plan, records }: StoredRun): PastRun {
  return {
    plan,
    begun: begunSteps(plan, path, records),
    finished: isFinished(records),
    laterRuns: laterRunsOf(list, run),
  };
}

/** Runs that took `run` back or dropped what it held, and that began something. */
export const laterRunsOf = ({ runs }: RunList, run: string): readonly LaterRun[] =>
  runs.flatMap(({ plan, records }): LaterRun[] => {
    const { operation } = plan;
    const first = records.find((record) => record.kind === "intent");
    if (plan.run !== run || (operation !== "undo" && operation !== "purge") || first === undefined) return [];
    const [intents, results] = [intentsIn(records), resultsIn(records)];
    const steps = plan.stages.flatMap((stage) => stage.steps);
    return [
      {
        run: plan.id,
        operation,
        at: first.at,
        finished: isFinished(records),
        begun: steps.filter(({ id }) => intents.has(id)),
        done: steps.filter(({ id }) => results.has(id)),
      },
    ];
  });

function begunSteps(plan: Plan, path: string, records: readonly JournalRecord[]): readonly BegunStep[] {
  const steps = new Map(plan.stages.flatMap((stage) => stage.steps).map((step) => [step.id, step] as const));
  const results = resultsIn(records);
  const begun = new Map<string, BegunStep>();
  for (const record of records) {
    if (record.kind !== "intent" || begun.has(record.step)) continue;
    const step = steps.get(record.step);
    if (step === undefined) continue;
    const image = record.before === null ? null : readImage(join(path, record.before));
    begun.set(record.step, { step, inverse: record.inverse, image, ended: results.has(step.id) });
  }
  return [...begun.values()];
}

function readImage(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (!isCode(error, "ENOENT") && !(error instanceof SyntaxError)) throw error;
    throw new RefusedError(
      `${file} is missing or damaged, so what was there before can not be known; restore the run's folder from a backup`,
    );
  }
}
