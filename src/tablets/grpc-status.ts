import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from "node:http2";

/** gRPC's status codes that vtdoctor tells apart (`doc/statuscodes.md` of grpc; vtrpc's are the same, docs/vitess.md#tablet-grpc). */
export const GRPC = {
  OK: 0,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export interface GrpcStatus {
  readonly code: number;
  /** The server's words. */
  readonly details: string;
}

/** The status that a call ended with, or null where these headers or trailers name none. */
export function grpcStatusOf(headers: IncomingHttpHeaders): GrpcStatus | null {
  const code = headers["grpc-status"];
  if (code === undefined) return null;
  return { code: Number(code), details: unescaped(String(headers["grpc-message"] ?? "")) };
}

/** What the headers that open an answer say of its end: mostly nothing yet. */
export function grpcStatusOfResponse(
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
): GrpcStatus | null {
  const http = headers[":status"];
  return http === 200
    ? grpcStatusOf(headers)
    : { code: OF_HTTP.get(http ?? 0) ?? GRPC.UNKNOWN, details: `HTTP status ${http}` };
}

/** Of a server, or what stands before it, that answers in plain HTTP (grpc's `doc/http-grpc-status-mapping.md`). */
const OF_HTTP: ReadonlyMap<number, number> = new Map([
  [400, GRPC.INTERNAL],
  [401, GRPC.UNAUTHENTICATED],
  [403, GRPC.PERMISSION_DENIED],
  [404, GRPC.UNIMPLEMENTED],
  [429, GRPC.UNAVAILABLE],
  [502, GRPC.UNAVAILABLE],
  [503, GRPC.UNAVAILABLE],
  [504, GRPC.UNAVAILABLE],
]);

/** `grpc-message` is percent-encoded; what is not is taken as it is, as the protocol asks. */
function unescaped(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
