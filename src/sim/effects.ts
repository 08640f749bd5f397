import type { Outcome, Unanswered } from "../cluster/outcome.js";

/** One write call that came in through a port. */
export interface SimEffect {
  /** From 1, over both ports. */
  readonly number: number;
  readonly port: "topology" | "tablet";
  /** The server, or the tablet's alias. */
  readonly at: string;
  readonly call: string;
  /** Keys or the statement. */
  readonly detail: string;
}

/**
 * For tests of crashes and races. `before`: throw to die with the effect not done, or answer an `Unanswered` to lose the call.
 * `after`: throw to die with the effect done and its reply lost, or answer an `Unanswered` to lose only the reply.
 */
export interface EffectHook {
  before?(effect: SimEffect): Unanswered | undefined;
  after?(effect: SimEffect): Unanswered | undefined;
}

/** Every write call passes here, in order. */
export class Effects {
  hook: EffectHook = {};
  readonly #log: SimEffect[] = [];

  get log(): readonly SimEffect[] {
    return this.#log;
  }

  perform<T>(call: Omit<SimEffect, "number">, run: () => Outcome<T>): Outcome<T> {
    const effect = { number: this.#log.length + 1, ...call };
    this.#log.push(effect);
    const lost = this.hook.before?.(effect);
    if (lost !== undefined) return lost;
    const reply = run();
    return this.hook.after?.(effect) ?? reply;
  }
}
