/** The one seam to time (docs/decisions.md#d22). Milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`, or at once with `false` when `signal` aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>;
  /** Runs `run` after `ms`, unless the function that it answers is called before. */
  after(ms: number, run: () => void): () => void;
}

/** The one source of ids (docs/decisions.md#d22): lower-case letters and digits, sortable by time of creation. */
export type Ids = () => string;
