import { status } from "@grpc/grpc-js";
import { type Outcome, type Unanswered, type UnansweredReason, unanswered } from "../cluster/outcome.js";
import { reasonOfErrno } from "./mysql-errors.js";
import { isTlsRefusal } from "./socket-errors.js";

/** A gRPC status that is not OK, as an outcome. vttablet's codes are vtrpc's, 1:1 up to 16 (`topology-and-wire.md` 7.1). */
export const grpcUnanswered = (code: number, details: string): Unanswered =>
  unanswered(reasonOf(code, details), wordsOf(details) || `gRPC status ${status[code] ?? code}`);

/** Without what the client library adds of its own and differs from call to call: how long each phase took, times, thread ids. */
const wordsOf = (details: string): string =>
  details
    .replace(/^Deadline exceeded after .*/, "no answer within the deadline")
    .replace(/ Resolution note:\s*$/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, "")
    .replace(/\b[0-9A-F]{16}:(?=error:)/g, "");

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
  if (/^TabletManager\.|tabletserver is shutdown|vttablet: /.test(details)) return "failed";
  return isTlsRefusal(details) ? "denied" : "unreachable";
}
