import { status } from "@grpc/grpc-js";
import { type Outcome, type Unanswered, type UnansweredReason, unanswered } from "../cluster/outcome.js";
import { reasonOfErrno } from "./mysql-errors.js";

/** A gRPC status that is not OK, as an outcome. vttablet's codes are vtrpc's, 1:1 up to 16 (`topology-and-wire.md` 7.1). */
export const grpcUnanswered = (code: number, details: string): Unanswered =>
  unanswered(reasonOf(code, details), wordsOf(details) || `gRPC status ${status[code] ?? code}`);

/** The client library adds how long each phase took, and the end of a sentence that it does not finish. */
const wordsOf = (details: string): string =>
  details
    .replace(/^Deadline exceeded after .*/, "no answer within the deadline")
    .replace(/ Resolution note:\s*$/, "");

/** RESOURCE_EXHAUSTED of either side's message limit: `grpc: trying to send message larger than max (18876203 vs. 16777216)`. */
export const isTooLarge = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === "unanswered" && / message larger than max /.test(outcome.message);

function reasonOf(code: number, details: string): UnansweredReason {
  const errno = /\(errno (\d+)\)/.exec(details)?.[1];
  const fromMysql = errno === undefined ? null : reasonOfErrno(Number(errno));
  if (fromMysql !== null) return fromMysql;
  // Of vreplication (UNAVAILABLE) or of VDiff (UNKNOWN): both are open on a PRIMARY only.
  if (details.endsWith(" engine is closed")) return "closed";
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return "timeout";
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return "denied";
    case status.UNIMPLEMENTED:
      return "unsupported";
    case status.UNAVAILABLE:
      return unavailable(details);
    default:
      return "failed";
  }
}

/** UNAVAILABLE is the client library's word for "no connection" and also a code that vttablet answers with. */
function unavailable(details: string): UnansweredReason {
  return /^TabletManager\.|tabletserver is shutdown|vttablet: /.test(details) ? "failed" : "unreachable";
}
