import { type Outcome, type Unanswered, type UnansweredReason, unanswered } from "../cluster/outcome.js";
import { GRPC } from "./grpc-status.js";
import { reasonOfErrno } from "./mysql-errors.js";
import { socketUnanswered } from "./socket-errors.js";

/** A gRPC status that is not OK, as an outcome. vttablet's codes are vtrpc's, 1:1 up to 16 (docs/vitess.md#tablet-grpc). */
export const grpcUnanswered = (code: number, details: string): Unanswered =>
  unanswered(reasonOf(code, details), details || `gRPC status ${code}`);

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
    case GRPC.DEADLINE_EXCEEDED:
      return "timeout";
    case GRPC.UNAUTHENTICATED:
    case GRPC.PERMISSION_DENIED:
      return "denied";
    case GRPC.UNIMPLEMENTED:
      return "unsupported";
    case GRPC.UNAVAILABLE:
      // vttablet answers so itself, and what stands before it does when there is none.
      return OWN_WORDS.test(details) ? "failed" : "unreachable";
    default:
      return "failed";
  }
}

const OWN_WORDS = /^TabletManager\.|tabletserver is shutdown|vttablet: /;

/** A call that ended without a status: no connection, or it was lost, or the server gave the call up. */
export function brokenCall(
  error: (Error & { readonly code?: string }) | null,
  cancelled: boolean,
): Unanswered {
  // A server cancels a call whose deadline has passed there (google.golang.org/grpc internal/transport/http2_server.go).
  if (cancelled) return unanswered("timeout", "the server cancelled the call");
  if (error === null) return unanswered("unreachable", "the connection ended before the answer");
  // Calls that wait for the connection are told of its failure by way of another error.
  if (error.code === "ERR_HTTP2_STREAM_CANCEL" && error.cause instanceof Error)
    return brokenCall(error.cause, false);
  if (error.code !== "ERR_HTTP2_STREAM_ERROR") return socketUnanswered(error);
  // It did nothing of it, and takes no calls any more (RFC 9113, 8.7).
  const refused = error.message.endsWith("NGHTTP2_REFUSED_STREAM");
  return unanswered(refused ? "unreachable" : "failed", error.message);
}
