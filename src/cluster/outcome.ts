/**
 * What a remote side answered. A failure is data, never an exception: an absent answer must reach the
 * verdict as "unknown" (docs/decisions.md#d10) and can not do so from a catch block.
 */
export type Outcome<T> = Answered<T> | Unanswered;

export interface Answered<T> {
  readonly kind: "answered";
  readonly value: T;
}

export interface Unanswered {
  readonly kind: "unanswered";
  readonly reason: UnansweredReason;
  /** The remote side's own words, one line, without secrets. */
  readonly message: string;
}

/**
 * - `timeout`: no answer within the deadline; the call may still be running there.
 * - `unreachable`: refused, reset, no route, name not found.
 * - `denied`: authentication or a privilege is missing.
 * - `unsupported`: the remote side does not know the call, column or table (an older or newer Vitess).
 * - `compacted`: etcd no longer has that revision.
 * - `closed`: the vreplication engine of that tablet is closed (it is not PRIMARY).
 * - `failed`: it answered with an error of its own.
 */
export type UnansweredReason =
  | "timeout"
  | "unreachable"
  | "denied"
  | "unsupported"
  | "compacted"
  | "closed"
  | "failed";

export const answered = <T>(value: T): Answered<T> => ({ kind: "answered", value });

export const unanswered = (reason: UnansweredReason, message: string): Unanswered => ({
  kind: "unanswered",
  reason,
  message: message.replace(/\s+/g, " ").trim(),
});

export const mapOutcome = <T, U>(outcome: Outcome<T>, change: (value: T) => U): Outcome<U> =>
  outcome.kind === "answered" ? answered(change(outcome.value)) : outcome;
