/**
 * Bounds how many calls run at once (docs/decisions.md#p12): so many per host, so many in all. A call takes its host's slot first, so that
 * hosts that hang can hold no more than their own share of the slots for all.
 */
export class CallLimiter {
  readonly #all: Slots;
  readonly #perHost: number;
  readonly #hosts = new Map<string, Slots>();

  constructor(all: number, perHost: number) {
    this.#all = new Slots(all);
    this.#perHost = perHost;
  }

  async run<T>(host: string, call: () => Promise<T>): Promise<T> {
    const slots = this.#hosts.get(host) ?? new Slots(this.#perHost);
    this.#hosts.set(host, slots);
    try {
      return await slots.hold(() => this.#all.hold(call));
    } finally {
      if (slots.unused && this.#hosts.get(host) === slots) this.#hosts.delete(host);
    }
  }
}

class Slots {
  #free: number;
  readonly #size: number;
  /** A set, because taking the oldest of 100,000 waiters from an array moves all of them. */
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.#size = size;
    this.#free = size;
  }

  get unused(): boolean {
    return this.#free === this.#size && this.#waiting.size === 0;
  }

  async hold<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await task();
    } finally {
      this.#handOn();
    }
  }

  #handOn(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      return;
    }
    this.#free += 1;
  }
}
