import type { DoctorError } from "../cluster/errors.js";
import { inverseOf, type Step } from "../plan/steps/index.js";
import type { Check, Effect, Refused } from "./check.js";
import type { Progress } from "./progress.js";
import type { RunContext } from "./run-context.js";
import type { RunFolder } from "./runs/run-folder.js";
import { type BoundStep, bind } from "./steps/registry.js";
import { readdressedStep } from "./tablet/tablet-address.js";

/** How often and how far apart the end state is looked for; longer where the reply was lost, as the call may still be at work. */
const VERIFY_TRIES = { done: 5, unanswered: 20 } as const;
const VERIFY_EVERY_MS = 1000;

/** A run that ended in neither a refusal nor its own undoing. */
type Attempt = Extract<Effect, { kind: "done" | "unanswered" }>;

/** One step: check, image, intent, effect, proof, result (docs/decisions.md#d20). Throws where its end state is not reached. */
export class StepExecution {
  /** At the tablets' addresses of now, from `toItsEnd` on. */
  private bound: BoundStep;

  constructor(
    private readonly step: Step,
    private readonly context: RunContext,
    private readonly folder: RunFolder,
    private readonly progress: Progress,
  ) {
    this.bound = bind(step);
  }

  async toItsEnd(): Promise<void> {
    const { id, kind } = this.step;
    const { ports } = this.context;
    ports.log({ kind: "step-started", id, step: kind });
    const step = await readdressedStep(this.step, ports);
    if (step.kind !== "known") throw this.progress.stop(id, step);
    this.bound = bind(step.value);
    const before = await this.bound.check(this.context);
    if (before.kind === "refused" || before.kind === "unanswered") throw this.progress.stop(id, before);
    const said = before.kind === "done-already" ? before.said : await this.effect();
    const outcome = this.progress.isBegun(this.step) ? "done" : "done-already";
    const result = { id, kind, outcome, said } as const;
    this.progress.ended(result);
    ports.log({ kind: "step-ended", result });
  }

  private async effect(): Promise<string> {
    const { id, kind } = this.step;
    const before = await this.keepImage();
    this.progress.record({ kind: "intent", step: id, does: kind, inverse: inverseOf(this.step), before });
    const effect = await this.bound.run(this.context);
    if (effect.kind === "refused") throw this.refusedOrLost(effect);
    if (effect.kind === "unverified") throw this.progress.unverified(id, effect.reason);
    const proof = await this.proof(effect);
    if (proof.kind !== "done-already") throw this.unproven(effect, proof);
    return effect.kind === "done" ? proof.said : `${proof.said} (its reply was lost: ${effect.reason})`;
  }

  private async keepImage(): Promise<string | null> {
    if (this.bound.image === null) return null;
    const image = await this.bound.image(this.context);
    if (image.kind !== "known") throw this.progress.stop(this.step.id, image);
    return this.folder.keepBefore(this.step.id, image.value);
  }

  private async proof(effect: Attempt): Promise<Check> {
    let proof = await this.bound.verify(this.context, effect);
    for (let tries = 1; tries < VERIFY_TRIES[effect.kind] && isOpen(proof); tries++) {
      await this.context.ports.clock.sleep(VERIFY_EVERY_MS);
      proof = await this.bound.verify(this.context, effect);
    }
    return proof;
  }

  private unproven(effect: Attempt, proof: Exclude<Check, { kind: "done-already" }>): DoctorError {
    const { id } = this.step;
    if (proof.kind === "refused") return this.refusedOrLost(proof);
    if (effect.kind === "unanswered") return this.progress.interrupted(`${id}: ${effect.reason}`);
    if (proof.kind === "unanswered") {
      return this.progress.interrupted(`${id} was run, but not proven: ${proof.reason}`);
    }
    return this.progress.stop(id, { kind: "refused", reason: "it was run, but its end state does not hold" });
  }

  /** Without its locks a run may go on later; a refusal needs a new plan. */
  private refusedOrLost(refusal: Refused): DoctorError {
    const { id } = this.step;
    return this.context.fence.lostLock() === null
      ? this.progress.stop(id, refusal)
      : this.progress.interrupted(`${id}: ${refusal.reason}`);
  }
}

const isOpen = (proof: Check): boolean => proof.kind === "ready" || proof.kind === "unanswered";
