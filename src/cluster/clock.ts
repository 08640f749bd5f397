/** The one seam to time (docs/decisions.md#d22). Milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Milliseconds since some moment, whatever is done to the wall clock; they may stand still while the machine sleeps. */
  steady(): number;
  /** Resolves after `ms`, or at once with `false` when `signal` aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>;
  /** Runs `run` after `ms`, unless the function that it answers is called before. */
  after(ms: number, run: () => void): () => void;
}

/**
 * Milliseconds since this call, by whichever clock says more: the wall clock may be set back, the steady one stand still.
 */
export const stopwatch = (clock: Clock): (() => number) => {
  const [wall, steady] = [clock.now(), clock.steady()];
  return () => Math.max(clock.now() - wall, clock.steady() - steady);
};

/** The one source of ids (docs/decisions.md#d22): lower-case letters and digits, sortable by time of creation. */
export type Ids = () => string;
