import { type Unanswered, unanswered } from "../cluster/outcome.js";

/** An error of a socket before or while the other side spoke. */
export function socketUnanswered(error: Error & { readonly code?: unknown }): Unanswered {
  const words = withoutThread(wordsOf(error));
  if (error.code === "ETIMEDOUT") return unanswered("timeout", words);
  return unanswered(isTlsRefusal(words) ? "denied" : "unreachable", words);
}

/** One side does not accept the other's certificate: somebody is there, and the TLS files are wrong. */
const isTlsRefusal = (words: string): boolean => /certificate|altnames|SSL routines/i.test(words);

/** OpenSSL begins with the number of its thread, which differs from call to call. */
const withoutThread = (words: string): string => words.replace(/\b[0-9A-F]{8,16}:(?=error:)/g, "");

/** An AggregateError (every address of a name refused) has no words of its own. */
function wordsOf(error: Error & { readonly code?: unknown }): string {
  if (error instanceof AggregateError) return error.errors.map((each: unknown) => String(each)).join("; ");
  return error.message || String(error.code ?? error.name);
}
