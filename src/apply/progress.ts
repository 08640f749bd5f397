import type { Clock } from "../cluster/clock.js";
import {
  type DoctorError,
  type ExitName,
  IncompleteError,
  InterruptedError,
  RefusedError,
  UnverifiedError,
} from "../cluster/errors.js";
import type { Step } from "../plan/steps/index.js";
import type { Refused, Silent } from "./check.js";
import { intentsIn, type JournalEntry, resultsIn } from "./runs/journal.js";
import type { RunFolder } from "./runs/run-folder.js";
import type { RunResult, StepResult } from "./runs/run-result.js";

/** How far a run has come, as its journal says, and the words for how it stops. */
export class Progress {
  readonly #results = new Map<string, StepResult>();
  readonly #begun: Set<string>;

  constructor(
    private readonly folder: RunFolder,
    private readonly clock: Clock,
  ) {
    const records = folder.records();
    this.#begun = new Set(intentsIn(records));
    for (const [id, { outcome, said }] of resultsIn(records)) {
      const step = stepsOf(folder).find((one) => one.id === id);
      if (step !== undefined) this.#results.set(id, { id, kind: step.kind, outcome, said });
    }
  }

  /** No intent was ever written, so nothing can have been changed. */
  get untouched(): boolean {
    return this.#begun.size === 0;
  }

  isDone(step: Step): boolean {
    return this.#results.has(step.id);
  }

  isBegun(step: Step): boolean {
    return this.#begun.has(step.id);
  }

  record(entry: JournalEntry): void {
    this.folder.append({ at: new Date(this.clock.now()).toISOString(), ...entry });
    if (entry.kind === "intent") this.#begun.add(entry.step);
  }

  ended(result: StepResult): void {
    const { id, outcome, said } = result;
    this.record({ kind: "result", step: id, outcome, said });
    this.#results.set(id, result);
  }

  /** `where` does not go on: a refusal is exit 4; silence is exit 5, or 3 while nothing was begun. */
  stop(where: string, because: Refused | Silent): DoctorError {
    const reason = `${where}: ${because.reason}`;
    if (because.kind === "refused") return new RefusedError(`${reason}. ${this.#soFar()}`);
    return this.untouched ? new IncompleteError(`${reason}. ${this.#soFar()}`) : this.interrupted(reason);
  }

  /** The steps were run and did not last. */
  unverified(where: string, reason: string): DoctorError {
    return new UnverifiedError(`${where}: ${reason}. ${this.#soFar()}`);
  }

  interrupted(reason: string): InterruptedError {
    const { run } = this.folder;
    return new InterruptedError(run, `${reason}. ${this.#soFar()}`);
  }

  stopped(error: DoctorError): void {
    this.record({ kind: "stopped", because: error.message });
    this.#report(error.exit, error.message);
  }

  finished(): RunResult {
    this.record({ kind: "finished" });
    this.#report("ok", "every step reached its end state");
    return finishedResult(this.folder, { alreadyFinished: false });
  }

  #report(exit: RunResult["exit"], said: string): void {
    this.folder.saveReport({ run: this.folder.run, exit, said, steps: [...this.#results.values()] });
  }

  #soFar(): string {
    if (this.untouched) return "Nothing was changed.";
    const done = [...this.#results.values()].filter((result) => result.outcome === "done");
    const begun = [...this.#begun].filter((id) => !this.#results.has(id));
    const parts = [
      done.length === 0 ? "No step was finished" : `Done before: ${done.map(({ id }) => id).join(", ")}`,
      ...(begun.length === 0 ? [] : [`begun: ${begun.join(", ")}`]),
      "nothing more was changed.",
    ];
    return parts.join("; ");
  }
}

const stepsOf = (folder: RunFolder): readonly Step[] => folder.plan.stages.flatMap((stage) => stage.steps);

/** What the journal of a finished run says, in the plan's order. */
export function finishedResult(
  folder: RunFolder,
  { alreadyFinished }: Pick<RunResult, "alreadyFinished">,
): RunResult {
  const results = resultsIn(folder.records());
  const steps = stepsOf(folder).flatMap(({ id, kind }): StepResult[] => {
    const result = results.get(id);
    return result ? [{ id, kind, outcome: result.outcome, said: result.said }] : [];
  });
  return { run: folder.run, steps, exit: "ok", alreadyFinished };
}

/** What the new look after a run's last step came to: the last words of its folder, which is the record for an audit. */
export function recordVerification(
  folder: RunFolder,
  verification: { readonly exit: ExitName; readonly reasons: readonly string[] },
  clock: Clock,
): void {
  folder.append({ at: new Date(clock.now()).toISOString(), kind: "verified", ...verification });
  const said =
    verification.reasons.length === 0
      ? "every step holds, and a new scan agrees"
      : verification.reasons.join("; ");
  const { run, steps } = finishedResult(folder, { alreadyFinished: true });
  folder.saveReport({ run, exit: verification.exit, said, steps });
}
