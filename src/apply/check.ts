import type { Unanswered } from "../cluster/outcome.js";

/** What reality says about one step, before or after it. */
export type Check =
  /** Its precondition holds and its end state does not hold yet. */
  | { readonly kind: "ready" }
  /** Its end state holds. */
  | { readonly kind: "done-already"; readonly said: string }
  /** Its precondition does not hold: running it would be unsafe. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Somebody who must be asked did not answer. */
  | { readonly kind: "unanswered"; readonly reason: string };

/** What became of the one attempt to run it. An unanswered attempt may have had its effect: `verify` says. */
export type Effect =
  | { readonly kind: "done"; readonly said: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unanswered"; readonly reason: string }
  /** It was done, and reality undid it since: exit 6. */
  | { readonly kind: "unverified"; readonly reason: string };

export type Refused = Extract<Check, { kind: "refused" }>;
export type Silent = Extract<Check, { kind: "unanswered" }>;

export const READY: Check = { kind: "ready" };
export const doneAlready = (said: string) => ({ kind: "done-already", said }) as const;
export const done = (said: string) => ({ kind: "done", said }) as const;
export const refused = (reason: string): Refused => ({ kind: "refused", reason });

/** `who` as a person knows it: an alias, a server, a key. */
export const silent = (who: string, outcome: Unanswered): Silent => ({
  kind: "unanswered",
  reason: `${who} did not answer (${outcome.reason}): ${outcome.message}`,
});

/** The value of an answer, or what to return instead of going on. */
export type Known<T> = { readonly kind: "known"; readonly value: T } | Refused | Silent;

export const known = <T>(value: T): Known<T> => ({ kind: "known", value });
