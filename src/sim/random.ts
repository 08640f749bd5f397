/** Deterministic numbers and ids from a seed (mulberry32): the same seed gives the same simulated cluster, byte for byte. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.below(16).toString(16)).join("");
  }

  /** An etcd cluster id: decimal. */
  clusterId(): string {
    return String(BigInt(`0x${this.hex(15)}`) + 1n);
  }

  /** A MySQL server_uuid. */
  uuid(): string {
    return `${this.hex(8)}-${this.hex(4)}-11f1-${this.hex(4)}-${this.hex(12)}`;
  }
}
