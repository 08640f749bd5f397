import { DoctorError } from "../cluster/errors.js";
import { fingerprintOf } from "../plan/fingerprint.js";
import type { Stage } from "../plan/plan.js";
import { type Step, writesOf } from "../plan/steps/index.js";
import { type Refused, refused, type Silent } from "./check.js";
import { Fence } from "./locks/fence.js";
import { type HeldLock, lostWords } from "./locks/held-lock.js";
import { patientStore } from "./locks/patient-store.js";
import { releaseLocks, takeLocks } from "./locks/stage-locks.js";
import type { Ports } from "./ports.js";
import { provePremises, refuseExpired } from "./preconditions.js";
import { movedKey, movedRows, type OwnChanges, ownChanges } from "./premises.js";
import { Progress } from "./progress.js";
import type { RunContext } from "./run-context.js";
import type { RunFolder } from "./runs/run-folder.js";
import type { RunResult } from "./runs/run-result.js";
import type { Looked, StageLook } from "./stage-look.js";
import { StepExecution } from "./step-execution.js";
import { startedSince } from "./steps/stream-stops.js";

export interface ExecuteOptions {
  /** How long to wait for each of Vitess's locks (`--lock-timeout`; Vitess's own default is 45 s). */
  readonly lockTimeoutMs: number;
  /** Ctrl-C: the step that runs is finished and journaled, then the run stops. */
  readonly signal?: AbortSignal;
  /** Absent: nobody looks between the stages. */
  readonly look?: StageLook;
}

/** One pass over a plan, from wherever its journal stands to its end. */
export class PlanExecution {
  private readonly ports: Ports;
  private readonly progress: Progress;
  private readonly signal: AbortSignal;

  constructor(
    ports: Ports,
    private readonly folder: RunFolder,
    private readonly options: ExecuteOptions,
  ) {
    this.ports = { ...ports, store: (server) => patientStore(ports.store(server), ports.clock) };
    this.progress = new Progress(folder, ports.clock);
    this.signal = options.signal ?? new AbortController().signal;
  }

  async toTheEnd(how: "started" | "resumed"): Promise<RunResult> {
    const { plan, run } = this.folder;
    if (this.progress.untouched) refuseExpired(plan, this.ports.clock);
    const { hostName, userName } = this.ports;
    const sha256 = fingerprintOf(plan);
    this.progress.record({ kind: how, run, command: plan.command, hostName, userName, sha256 });
    try {
      if (plan.stages.some((stage) => this.changes(stage))) await this.lookBefore();
      for (const stage of plan.stages) await this.stage(stage);
    } catch (error) {
      if (error instanceof DoctorError) this.progress.stopped(error);
      throw error;
    }
    return this.progress.finished();
  }

  private async stage(stage: Stage): Promise<void> {
    const open = stage.steps.filter((step) => !this.progress.isDone(step));
    if (open.length === 0) return;
    this.throwIfAborted();
    this.ports.log({ kind: "stage-started", title: stage.title });
    const locks = await this.lock(stage);
    try {
      // What only looks tells better itself what came back than a premise would.
      if (this.progress.untouched || this.changes({ steps: open })) await this.reprove();
      const context = this.context(locks);
      const doneBefore = this.steps.filter((step) => this.progress.isDone(step));
      let stoppedBefore = doneBefore.filter((step) => step.kind === "stream.verify-stopped");
      for (const step of open) {
        this.throwIfAborted();
        const lost = context.fence.lostLock();
        if (lost !== null) throw this.progress.interrupted(lostWords(lost));
        if (touchesData(step)) {
          const started = await startedSince(stoppedBefore, this.ownChanges(), context);
          if (started !== null) throw this.progress.stop(step.id, started);
          stoppedBefore = [];
        }
        if (step.class === "confirm") {
          const moved = await this.movedBySomebody();
          if (moved !== null) throw this.progress.stop(step.id, moved);
        }
        await new StepExecution(step, context, this.folder, this.progress).toItsEnd();
      }
    } finally {
      await releaseLocks(locks);
      if (locks.length > 0) this.progress.record({ kind: "unlocked", stage: stage.title });
    }
    const changed = open.filter((step) => this.progress.isBegun(step));
    // Without its locks: it may take a while until the cluster has followed, and Vitess's own tools need not wait for that.
    if (this.changes({ steps: changed })) await this.lookAfter(stage);
  }

  /** A resumed run is compared with what was served before its earlier process ended: it may have ended before its own look. */
  private async lookBefore(): Promise<void> {
    const { look } = this.options;
    if (look !== undefined) this.looked(null, await look.before(this.folder.keptPaths()));
  }

  private async lookAfter(stage: Stage): Promise<void> {
    const { look } = this.options;
    if (look !== undefined) this.looked(stage, await look.after(stage));
  }

  /** Goes on only where what was served is served (docs/decisions.md#d24). */
  private looked(stage: Stage | null, looked: Looked): void {
    const { verdict, said, elsewhere, paths } = looked;
    this.progress.record({ kind: "looked", stage: stage?.title ?? null, verdict, said, elsewhere });
    this.ports.log({ kind: "looked", looked });
    if (verdict === "well") {
      this.folder.keepPaths(paths);
      return;
    }
    const where = stage === null ? "before its next stage" : `after stage "${stage.title}"`;
    const because = said.join("; ");
    // An undo or a purge is no run that can be taken back.
    const back =
      this.progress.untouched || this.folder.plan.run !== undefined
        ? ""
        : `; the way back is \`vtdoctor undo ${this.folder.run}\``;
    if (verdict === "worse") throw this.progress.stop(where, refused(`${because}${back}`));
    throw this.progress.stop(where, { kind: "unanswered", reason: because });
  }

  private changes({ steps }: Pick<Stage, "steps">): boolean {
    const { plan } = this.folder;
    return steps.some((step) => writesOf(step, plan.cluster.roots).length > 0);
  }

  private async lock(stage: Stage): Promise<readonly HeldLock[]> {
    const wait = { timeoutMs: this.options.lockTimeoutMs, signal: this.signal };
    const taken = await takeLocks(stage.locks, this.folder.plan, this.ports, wait);
    if (taken.kind !== "known") {
      this.throwIfAborted();
      throw this.progress.stop(`stage "${stage.title}"`, taken);
    }
    const locks = taken.value.map(({ name, server, key, lease, createRevision }) => ({
      name,
      server,
      key,
      lease,
      createRevision,
    }));
    if (locks.length > 0) this.progress.record({ kind: "locked", stage: stage.title, locks });
    return taken.value;
  }

  /** Under the locks: what the plan rests on is as it was (docs/decisions.md#d16: lock, re-prove). */
  private async reprove(): Promise<void> {
    const { plan } = this.folder;
    if (this.progress.untouched) return provePremises(plan, this.ports);
    const moved =
      (await this.movedBySomebody()) ?? (await movedRows(plan.premises, this.ownChanges(), this.ports));
    if (moved !== null) throw this.progress.stop("the plan", moved);
  }

  /** A key that the plan rests on must stay as it was until a step of the plan has begun to write it. */
  private movedBySomebody(): Promise<Refused | Silent | null> {
    return movedKey(this.folder.plan.premises, this.ownChanges(), this.ports);
  }

  private ownChanges(): OwnChanges {
    return ownChanges(
      this.steps.filter((step) => this.progress.isBegun(step)),
      this.folder.plan,
    );
  }

  private get steps(): readonly Step[] {
    return this.folder.plan.stages.flatMap((stage) => stage.steps);
  }

  private context(locks: readonly HeldLock[]): RunContext {
    const { plan, run } = this.folder;
    return {
      ports: this.ports,
      plan,
      run,
      fence: new Fence(locks),
      folder: this.folder,
      signal: this.signal,
    };
  }

  private throwIfAborted(): void {
    if (this.signal.aborted) throw this.progress.interrupted("interrupted by the operator");
  }
}

/** A stream that runs meanwhile would lose its tables, or write beside the step. */
const touchesData = (step: Step): boolean =>
  step.kind === "table.hold" || step.kind === "table.drop" || (step.kind === "keys.export" && step.apply);
