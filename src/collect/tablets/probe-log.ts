import type { Clock } from "../../cluster/clock.js";
import type { Outcome } from "../../cluster/outcome.js";
import type { CHANNELS, ProbeRow } from "../../snapshot/gen/tables.js";

/** The channels of `probe` in `schema.sql`. */
export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS][number];

/** The questions to one address: every one of them leaves a row, answered or not. */
export class ProbeLog {
  readonly #probes: ProbeRow[] = [];

  constructor(
    readonly address: string,
    private readonly required: boolean,
    private readonly clock: Clock,
  ) {}

  get probes(): readonly ProbeRow[] {
    return this.#probes;
  }

  async ask<T>(channel: Channel, question: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await question;
    this.note(channel, outcome);
    return outcome;
  }

  note(channel: Channel, outcome: Outcome<unknown>): void {
    const failed = outcome.kind === "unanswered" ? outcome : null;
    this.#probes.push({
      address: this.address,
      channel,
      answered: failed === null ? 1 : 0,
      reason: failed?.reason ?? null,
      message: failed?.message ?? null,
      required: this.required ? 1 : 0,
      observed_at_ms: this.clock.now(),
    });
  }
}

/** Null where there was no answer or no question. */
export const answerOf = <T>(outcome: Outcome<T> | null): T | null =>
  outcome?.kind === "answered" ? outcome.value : null;
