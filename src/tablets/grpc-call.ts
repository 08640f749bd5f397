import { type ClientHttp2Session, constants } from "node:http2";
import { type Outcome, unanswered } from "../cluster/outcome.js";
import type { OnOver } from "./deadline.js";
import { brokenCall, grpcUnanswered } from "./grpc-errors.js";
import { FirstMessage, framed } from "./grpc-message.js";
import { GRPC, type GrpcStatus, grpcStatusOf, grpcStatusOfResponse } from "./grpc-status.js";

/** One call as the wire sees it. */
export interface WireCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Uint8Array;
  /** Static auth, where there is any. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** A stream is left after its first message. */
  readonly kind: "unary" | "first";
}

/**
 * The bytes of the answer to one call (grpc's `doc/PROTOCOL-HTTP2.md`): a POST whose one message is prefixed by its length, a status in
 * the trailers. Node's HTTP/2 and not a gRPC library, which spends more on one call of its many layers than the call itself costs
 * (docs/performance.md).
 */
export const wireCall = (
  session: ClientHttp2Session,
  call: WireCall,
  onOver: OnOver,
): Promise<Outcome<Uint8Array>> =>
  new Promise((resolve) => {
    const stream = session.request(headersOf(call));
    const first = new FirstMessage();
    let message: Outcome<Uint8Array> | null = null;
    let status: GrpcStatus | null = null;
    let broken: Error | null = null;

    const leave = (): void => stream.close(constants.NGHTTP2_CANCEL);
    onOver(leave);
    stream.on("response", (headers) => {
      status = grpcStatusOfResponse(headers);
    });
    stream.on("trailers", (trailers) => {
      status ??= grpcStatusOf(trailers);
    });
    stream.on("data", (chunk: Buffer) => {
      if (message !== null || status !== null) return;
      message = first.add(chunk);
      if (message === null || (call.kind === "unary" && message.kind === "answered")) return;
      resolve(message);
      leave();
    });
    stream.on("error", (error) => {
      broken = error;
    });
    // After all of the above, however the call ended.
    stream.on("close", () => {
      // Only of the call: a session that ends cancels its streams, too. Node makes no error of it.
      const cancelled = stream.rstCode === constants.NGHTTP2_CANCEL && !session.destroyed;
      resolve(status === null ? brokenCall(broken, cancelled) : ended(call, status, message));
    });
    stream.end(framed(call.request));
  });

const headersOf = ({ path, metadata, timeoutMs }: WireCall) => ({
  [constants.HTTP2_HEADER_METHOD]: "POST",
  [constants.HTTP2_HEADER_PATH]: path,
  [constants.HTTP2_HEADER_TE]: "trailers",
  [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
  [constants.HTTP2_HEADER_USER_AGENT]: "vtdoctor",
  "grpc-timeout": `${Math.min(timeoutMs, MAX_TIMEOUT)}m`,
  ...metadata,
});

/** Eight digits (`doc/PROTOCOL-HTTP2.md`, TimeoutValue). */
const MAX_TIMEOUT = 99_999_999;

function ended(
  { path }: WireCall,
  { code, details }: GrpcStatus,
  message: Outcome<Uint8Array> | null,
): Outcome<Uint8Array> {
  if (code !== GRPC.OK) return grpcUnanswered(code, details);
  return message ?? unanswered("failed", `${path.slice(path.lastIndexOf("/") + 1)} ended without a message`);
}
