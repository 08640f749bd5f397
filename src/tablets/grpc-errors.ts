import { constants } from "node:http2";
import { status } from "@grpc/grpc-js";
import { type Outcome, type Unanswered, type UnansweredReason, unanswered } from "../cluster/outcome.js";
import { reasonOfErrno } from "./mysql-errors.js";

/** A gRPC status that is not OK, as an outcome. vttablet's codes are vtrpc's, 1:1 up to 16 (`topology-and-wire.md` 7.1). */
export const grpcUnanswered = (code: number, details: string): Unanswered =>
  unanswered(reasonOf(code, details), details || `gRPC status ${status[code] ?? code}`);

/** An answer that is none of gRPC's: a proxy in between, or another server (gRPC's http-grpc-status-mapping). */
export const httpUnanswered = (code: number): Unanswered =>
  unanswered(HTTP_REASONS.get(code) ?? "failed", `answered HTTP ${code} instead of gRPC`);

const HTTP_REASONS: ReadonlyMap<number, UnansweredReason> = new Map([
  [401, "denied"],
  [403, "denied"],
  [404, "unsupported"],
  ...[429, 502, 503, 504].map((code): [number, UnansweredReason] => [code, "unreachable"]),
]);

/** The other side took the question back without a status (RFC 9113, 7); one that it refused was not looked at. */
export const resetUnanswered = (code: number): Unanswered =>
  unanswered(
    code === constants.NGHTTP2_REFUSED_STREAM ? "unreachable" : "failed",
    `the call was ended without a status (HTTP/2 error ${code})`,
  );

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

/** vttablet answers with UNAVAILABLE of its own; of a proxy in between it means that there is no vttablet. */
const unavailable = (details: string): UnansweredReason =>
  /^TabletManager\.|tabletserver is shutdown|vttablet: /.test(details) ? "failed" : "unreachable";
