import type { Clock } from "../cluster/clock.js";

interface Timer {
  readonly at: number;
  run(): void;
}

/**
 * Time that only moves when somebody sleeps. World events (`at`: lease expiry, shard sync) happen in order while it passes, so a
 * year of drift takes as long as its events. A sleeper is woken when nothing else is left to run, which keeps a deadline that races
 * an answer honest: it fires only if the answer never comes.
 */
export class SimClock implements Clock {
  /** Somebody else lets time pass (`serve/pace.ts`): a sleeper waits for it and does not bring it on. */
  followed = false;
  #now: number;
  #wakeUp: NodeJS.Immediate | null = null;
  readonly #events: Timer[] = [];
  readonly #sleepers: Timer[] = [];
  readonly #passing: ((from: number, to: number) => void)[] = [];

  /** `startMs`: milliseconds since the epoch. */
  constructor(startMs: number) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  steady(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const cancel = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve(true);
      });
      const abort = (): void => {
        cancel();
        resolve(false);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, run };
    insert(this.#sleepers, timer);
    this.#arm();
    return () => remove(this.#sleepers, timer);
  }

  /** Runs `run` when the time comes; answers a function that calls it off. */
  at(time: number, run: () => void): () => void {
    const timer: Timer = { at: Math.max(time, this.#now), run };
    insert(this.#events, timer);
    return () => remove(this.#events, timer);
  }

  /** Calls `passed` for every stretch of time, between events: for what happens continuously (streams, heartbeats). */
  whilePassing(passed: (from: number, to: number) => void): void {
    this.#passing.push(passed);
  }

  /** Lets `ms` pass now; sleepers that are due wake up. */
  advance(ms: number): void {
    this.#passUntil(this.#now + ms);
    while (this.#sleepers[0] !== undefined && this.#sleepers[0].at <= this.#now)
      this.#sleepers.shift()?.run();
  }

  #arm(): void {
    if (this.followed) return;
    this.#wakeUp ??= setImmediate(() => {
      this.#wakeUp = null;
      const next = this.#sleepers.shift();
      if (next === undefined) return;
      this.#passUntil(next.at);
      next.run();
      if (this.#sleepers.length > 0) this.#arm();
    });
  }

  #passUntil(time: number): void {
    for (let event = this.#events[0]; event !== undefined && event.at <= time; event = this.#events[0]) {
      this.#events.shift();
      this.#pass(event.at);
      event.run();
    }
    this.#pass(time);
  }

  #pass(time: number): void {
    if (time <= this.#now) return;
    const from = this.#now;
    this.#now = time;
    for (const passed of this.#passing) passed(from, time);
  }
}

/** After all that are due no later. */
const insert = (timers: Timer[], timer: Timer): void => {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timers[middle]?.at ?? 0) <= timer.at) low = middle + 1;
    else high = middle;
  }
  timers.splice(low, 0, timer);
};

const remove = (timers: Timer[], timer: Timer): void => {
  const index = timers.indexOf(timer);
  if (index !== -1) timers.splice(index, 1);
};
