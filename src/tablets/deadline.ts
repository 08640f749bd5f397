import type { Clock } from "../cluster/clock.js";
import { type Outcome, unanswered } from "../cluster/outcome.js";

/**
 * Runs `task` for at most `ms`; then the outcome is `timeout`, and `expired` aborts so that the task gives up its connection.
 * It holds whatever the task does, also when the task never ends.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  task: (expired: AbortSignal) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const expired = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(ms, done.signal).then(() => unanswered("timeout", `no answer within ${ms} ms`));
  try {
    return await Promise.race([task(expired.signal), timer]);
  } finally {
    done.abort(OVER);
    expired.abort(OVER);
  }
}

/** Without a reason of ours each abort would make an exception with its stack. */
const OVER = "over";
