import { DoctorError, IncompleteError, InterruptedError, RefusedError } from "../cluster/errors.js";
import type { Plan, Stage, Step } from "../plan/plan.js";
import { writeSet } from "../plan/write-set.js";
import type { ExecuteOptions } from "./execute.js";
import { Fence, lostWords } from "./fence.js";
import { intentsIn, type JournalEntry, resultsIn } from "./journal.js";
import type { HeldLock } from "./locks.js";
import { provenYoung, stale } from "./preconditions.js";
import { movedKey, movedRows } from "./reads.js";
import type { RunFolder } from "./run-folder.js";
import type { RunResult, StepOutcome, StepResult } from "./run-result.js";
import type { Site } from "./site.js";
import { releaseLocks, takeLocks } from "./stage-locks.js";
import { type BoundStep, bind } from "./steps/registry.js";
import { sameCluster } from "./topo-roots.js";
import type { KeyRef } from "./topo-write.js";
import type { Check, Effect, Refused, Silent } from "./verdict.js";
import type { World } from "./world.js";

/** How often and how far apart the end state is looked for: a call whose reply was lost may still be at work. */
const VERIFY_TRIES = 5;
const VERIFY_EVERY_MS = 1000;

/** One pass over a plan, from wherever its journal stands to its end. */
export class Run {
  private readonly results = new Map<string, StepResult>();
  private readonly begun: Set<string>;
  private readonly isWritten: (at: KeyRef) => boolean;
  private readonly signal: AbortSignal;

  constructor(
    private readonly world: World,
    private readonly folder: RunFolder,
    private readonly options: ExecuteOptions,
    private readonly how: "started" | "resumed",
    private readonly proveAge = false,
  ) {
    this.begun = new Set(intentsIn(folder.records()));
    this.isWritten = writtenBy(folder.plan);
    this.signal = options.signal ?? new AbortController().signal;
    for (const step of stepsOf(folder)) {
      const result = resultsIn(folder.records()).get(step.id);
      if (result)
        this.results.set(step.id, {
          id: step.id,
          kind: step.kind,
          outcome: result.outcome,
          said: result.said,
        });
    }
  }

  async toTheEnd(): Promise<RunResult> {
    const { plan, run } = this.folder;
    if (this.proveAge) provenYoung(plan, this.world.clock);
    const { hostName, userName } = this.world;
    this.journal({ kind: this.how, run, command: plan.command, hostName, userName });
    try {
      for (const stage of plan.stages) await this.stage(stage);
    } catch (error) {
      if (error instanceof DoctorError) this.stopped(error);
      throw error;
    }
    this.journal({ kind: "finished" });
    const result = finishedResult(this.folder, false);
    this.folder.saveReport({
      run,
      exit: result.exit,
      said: "every step reached its end state",
      steps: result.steps,
    });
    return result;
  }

  private async stage(stage: Stage): Promise<void> {
    const open = stage.steps.filter((step) => !this.results.has(step.id));
    if (open.length === 0) return;
    this.throwIfAborted();
    this.world.log({ kind: "stage-started", title: stage.title });
    const { plan } = this.folder;
    const taken = await takeLocks(stage.locks, plan, this.world, {
      timeoutMs: this.options.lockTimeoutMs,
      signal: this.signal,
    });
    if (taken.kind !== "known") {
      this.throwIfAborted();
      throw this.stop(`stage "${stage.title}"`, taken);
    }
    try {
      if (taken.value.length > 0) this.journalLocks(stage, taken.value);
      await this.reprove();
      const site = this.site(taken.value);
      for (const step of open) await this.step(step, site);
    } finally {
      await releaseLocks(taken.value);
      if (taken.value.length > 0) this.journal({ kind: "unlocked", stage: stage.title });
    }
  }

  /** Under the locks: what the plan rests on and does not change itself is as it was (design D16: lock, re-prove). */
  private async reprove(): Promise<void> {
    const { plan } = this.folder;
    const untouched = this.begun.size === 0;
    const moved =
      (await movedKey(plan.reads, untouched ? () => false : this.isWritten, this.world)) ??
      (untouched ? await movedRows(plan.reads, this.world) : null);
    if (moved === null) return;
    throw untouched ? stale(plan, moved) : this.stop("the plan", moved);
  }

  private async step(step: Step, site: Site): Promise<void> {
    this.throwIfAborted();
    const lost = site.fence.lostLock();
    if (lost !== null) throw this.interrupted(lostWords(lost));
    const { id, kind } = step;
    this.world.log({ kind: "step-started", id, step: kind });
    const bound = bind(step);
    const before = await this.ready(step, bound, site);
    const said = before.kind === "done-already" ? before.said : await this.effect(step, bound, site);
    const outcome: StepOutcome = this.begun.has(id) ? "done" : "done-already";
    this.journal({ kind: "result", step: id, outcome, said });
    const result = { id, kind, outcome, said };
    this.results.set(id, result);
    this.world.log({ kind: "step-ended", result });
  }

  private async ready(step: Step, bound: BoundStep, site: Site): Promise<Check> {
    if (step.class === "confirm") {
      const moved = await movedKey(this.folder.plan.reads, this.isWritten, this.world);
      if (moved !== null) throw this.stop(step.id, moved);
    }
    const check = await bound.check(site);
    if (check.kind === "refused" || check.kind === "unanswered") throw this.stop(step.id, check);
    return check;
  }

  /** Intent, effect, proof. */
  private async effect(step: Step, bound: BoundStep, site: Site): Promise<string> {
    const before = await this.keepImage(step, bound, site);
    this.journal({ kind: "intent", step: step.id, does: step.kind, inverse: bound.inverse(), before });
    this.begun.add(step.id);
    const effect = await bound.run(site);
    if (effect.kind === "refused") throw this.refusedOrLost(step, effect, site);
    const proof = await this.proof(bound, site, effect);
    if (proof.kind === "done-already") {
      return effect.kind === "done" ? proof.said : `${proof.said} (its reply was lost: ${effect.reason})`;
    }
    this.throwIfAborted();
    if (proof.kind === "refused") throw this.refusedOrLost(step, proof, site);
    if (effect.kind === "unanswered") throw this.interrupted(`${step.id}: ${effect.reason}`);
    if (proof.kind === "unanswered")
      throw this.interrupted(`${step.id} was run, but not proven: ${proof.reason}`);
    throw this.stop(step.id, { kind: "refused", reason: "it was run, but its end state does not hold" });
  }

  private async keepImage(step: Step, bound: BoundStep, site: Site): Promise<string | null> {
    if (bound.image === null) return null;
    const image = await bound.image(site);
    if (image.kind !== "known") throw this.stop(step.id, image);
    return this.folder.keepBefore(step.id, image.value);
  }

  private async proof(bound: BoundStep, site: Site, effect: Effect): Promise<Check> {
    let proof = await bound.verify(site, effect);
    for (let tries = 1; tries < VERIFY_TRIES && isOpen(proof); tries++) {
      await this.world.clock.sleep(VERIFY_EVERY_MS);
      proof = await bound.verify(site, effect);
    }
    return proof;
  }

  private site(locks: readonly HeldLock[]): Site {
    const { plan, run } = this.folder;
    return {
      world: this.world,
      plan,
      run,
      fence: new Fence(locks, sameCluster(plan.cluster)),
      evidence: { addSection: (file, title, text) => this.folder.addSection(file, title, text) },
      signal: this.signal,
    };
  }

  private throwIfAborted(): void {
    if (this.signal.aborted) throw this.interrupted("interrupted by the operator");
  }

  private refusedOrLost(step: Step, verdict: Refused, site: Site): DoctorError {
    return site.fence.lostLock() === null
      ? this.stop(step.id, verdict)
      : this.interrupted(`${step.id}: ${verdict.reason}`);
  }

  /** `where` did not go on: a refusal is exit 4; silence is exit 5, or 3 while nothing was begun. */
  private stop(where: string, verdict: Refused | Silent): DoctorError {
    if (verdict.kind === "refused")
      return new RefusedError(`${where}: ${verdict.reason}. ${this.doneSoFar()}`);
    if (this.begun.size === 0) return new IncompleteError(`${where}: ${verdict.reason}. ${this.doneSoFar()}`);
    return this.interrupted(`${where}: ${verdict.reason}`);
  }

  private interrupted(reason: string): InterruptedError {
    const { run } = this.folder;
    return new InterruptedError(run, `${reason}. ${this.doneSoFar()} Go on with \`vtdoctor resume ${run}\`.`);
  }

  private doneSoFar(): string {
    const done = [...this.results.values()].filter((result) => result.outcome === "done");
    if (this.begun.size === 0) return "Nothing was changed.";
    const begun = [...this.begun].filter((id) => !this.results.has(id));
    return [
      done.length === 0
        ? "No step was finished"
        : `Done before: ${done.map((result) => result.id).join(", ")}`,
      begun.length === 0 ? "" : `; begun: ${begun.join(", ")}`,
      "; nothing more was changed.",
    ].join("");
  }

  private stopped(error: DoctorError): void {
    this.journal({ kind: "stopped", because: error.message });
    this.folder.saveReport({
      run: this.folder.run,
      exit: error.exit,
      said: error.message,
      steps: [...this.results.values()],
    });
  }

  private journalLocks(stage: Stage, locks: readonly HeldLock[]): void {
    this.journal({
      kind: "locked",
      stage: stage.title,
      locks: locks.map(({ name, server, key, lease, createRevision }) => ({
        name,
        server,
        key,
        lease,
        createRevision,
      })),
    });
  }

  private journal(entry: JournalEntry): void {
    this.folder.append({ at: new Date(this.world.clock.now()).toISOString(), ...entry });
  }
}

/** Whether the plan itself writes a key: that revision is its own steps' business. */
function writtenBy(plan: Plan): (at: KeyRef) => boolean {
  const written = new Set(
    writeSet(plan).flatMap((write) => (write.kind === "topo-key" ? [`${write.server} ${write.key}`] : [])),
  );
  return (at) => written.has(`${at.server} ${at.key}`);
}

const isOpen = (proof: Check): boolean => proof.kind === "ready" || proof.kind === "unanswered";

const stepsOf = (folder: RunFolder): readonly Step[] => folder.plan.stages.flatMap((stage) => stage.steps);

/** What the journal of a finished run says. */
export function finishedResult(folder: RunFolder, alreadyFinished = true): RunResult {
  const results = resultsIn(folder.records());
  const steps = stepsOf(folder).flatMap((step): StepResult[] => {
    const result = results.get(step.id);
    return result ? [{ id: step.id, kind: step.kind, outcome: result.outcome, said: result.said }] : [];
  });
  return { run: folder.run, steps, exit: "ok", alreadyFinished };
}
