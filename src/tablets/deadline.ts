import type { Clock } from "../cluster/clock.js";
import { type Outcome, unanswered } from "../cluster/outcome.js";

/**
 * Runs `task` for at most `ms`; then the outcome is `timeout`. `over` aborts in any case, so that the task gives up its connection.
 * It holds whatever the task does, also when the task never ends.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  task: (over: AbortSignal) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const over = new AbortController();
  const timer = clock.sleep(ms, over.signal).then(() => unanswered("timeout", `no answer within ${ms} ms`));
  try {
    return await Promise.race([task(over.signal), timer]);
  } finally {
    over.abort(OVER);
  }
}

/** Without a reason of ours each abort would make an exception with its stack. */
const OVER = "over";
