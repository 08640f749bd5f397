import { type Unanswered, unanswered } from "../cluster/outcome.js";

/** An error of a socket before or while the other side spoke. */
export function socketUnanswered(error: Error & { readonly code?: unknown }): Unanswered {
  const timedOut = error.code === "ETIMEDOUT";
  return unanswered(timedOut ? "timeout" : "unreachable", wordsOf(error));
}

/** An AggregateError (every address of a name refused) has no words of its own. */
function wordsOf(error: Error & { readonly code?: unknown }): string {
  if (error instanceof AggregateError) return error.errors.map((each: unknown) => String(each)).join("; ");
  return error.message || String(error.code ?? error.name);
}
