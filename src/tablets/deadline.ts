import type { Clock } from "../cluster/clock.js";
import { type Outcome, unanswered } from "../cluster/outcome.js";

/** Registers what frees the task's connection. */
export type OnOver = (free: () => void) => void;

/**
 * Runs `task` for at most `ms`; then the outcome is `timeout`. What the task registered runs in any case at the end. It holds whatever
 * the task does, also when the task never ends. Callbacks and no AbortSignal, which costs a tenth of a large scan (docs/performance.md).
 */
export const withDeadline = <T>(
  clock: Clock,
  ms: number,
  task: (onOver: OnOver) => Promise<Outcome<T>>,
): Promise<Outcome<T>> =>
  new Promise((resolve, reject) => {
    let free = (): void => {};
    const end = (settle: () => void): void => {
      cancel();
      settle();
      free();
    };
    const cancel = clock.after(ms, () =>
      end(() => resolve(unanswered("timeout", `no answer within ${ms} ms`))),
    );
    task((register) => {
      free = register;
    }).then(
      (outcome) => end(() => resolve(outcome)),
      (error) => end(() => reject(error)),
    );
  });
