import { status } from "@grpc/grpc-js";
import { type Unanswered, type UnansweredReason, unanswered } from "../cluster/outcome.js";
import { reasonOfErrno } from "./mysql-errors.js";

/** A gRPC status that is not OK, as an outcome. vttablet's codes are vtrpc's, 1:1 up to 16 (`topology-and-wire.md` 7.1). */
export const grpcUnanswered = (code: number, details: string): Unanswered =>
  unanswered(reasonOf(code, details), details || `gRPC status ${status[code] ?? code}`);

function reasonOf(code: number, details: string): UnansweredReason {
  const errno = /\(errno (\d+)\)/.exec(details)?.[1];
  const fromMysql = errno === undefined ? null : reasonOfErrno(Number(errno));
  if (fromMysql !== null) return fromMysql;
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
  if (details.includes("vreplication engine is closed")) return "closed";
  return /^TabletManager\.|tabletserver is shutdown|vttablet: /.test(details) ? "failed" : "unreachable";
}
