import {
  ClientClosedError,
  EtcdAuthenticationFailedError,
  EtcdError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCGenericError,
  GRPCNotImplementedError,
  GRPCUnauthenticatedError,
  GRPCUnavailableError,
} from "etcd3";
import { type Unanswered, type UnansweredReason, unanswered } from "../cluster/outcome.js";

type ErrorClass = abstract new (...args: never[]) => Error;

const REASONS: readonly (readonly [ErrorClass, UnansweredReason])[] = [
  [GRPCDeadlineExceededError, "timeout"],
  [GRPCUnavailableError, "unreachable"],
  [EtcdPermissionDeniedError, "denied"],
  [EtcdAuthenticationFailedError, "denied"],
  [EtcdInvalidAuthTokenError, "denied"],
  [GRPCUnauthenticatedError, "denied"],
  [GRPCNotImplementedError, "unsupported"],
  [ClientClosedError, "failed"],
  [EtcdLeaseInvalidError, "failed"],
  [GRPCGenericError, "failed"],
  [EtcdError, "failed"],
];

/** Texts that say more than the class (etcd api/v3rpc/rpctypes/error.go: codes are shared by unlike errors). */
const TEXTS: readonly (readonly [RegExp, UnansweredReason])[] = [
  [/required revision has been compacted/, "compacted"],
  [/etcdserver: request timed out/, "timeout"],
  [/user name is empty|authentication is not enabled/, "denied"],
];

/** What etcd3 threw, as an outcome; null for an error that is a bug of ours, which must not look like a silent etcd. */
export function unansweredBy(error: unknown): Unanswered | null {
  if (!(error instanceof Error)) return null;
  const known = REASONS.find(([type]) => error instanceof type);
  if (known === undefined) return null;
  const told = TEXTS.find(([text]) => text.test(error.message));
  return unanswered(told?.[1] ?? known[1], wordsOf(error.message));
}

/** Without what the client library adds for its own debugging: status codes, notes, times, how long each phase took. */
const wordsOf = (message: string): string =>
  message
    .replace(/^\d+ [A-Z_]+: /, "")
    .replace(/^Deadline exceeded after .*/, "no answer within the deadline")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, "")
    .replace(/\.? Resolution note:.*$/s, "")
    .replace("Last error: Error: ", "Last error: ");

/** Whether the request can not have reached etcd: only then may a write be sent again. */
export const neverSent = (outcome: Unanswered): boolean =>
  outcome.reason === "unreachable" &&
  /No connection established|Name resolution failed|Channel closed before call started|no leader/.test(
    outcome.message,
  );
