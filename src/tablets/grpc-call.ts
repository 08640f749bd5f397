import { type Channel, type Metadata, propagate, type StatusObject, status } from "@grpc/grpc-js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { grpcUnanswered } from "./grpc-errors.js";

/** One call as the wire sees it. */
export interface WireCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Uint8Array;
  readonly metadata: Metadata;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** A stream is left after its first message. */
  readonly kind: "unary" | "first";
}

/**
 * The bytes of the answer. It speaks to the library's Channel, not to its Client, which wraps every call into three more objects and a
 * stack trace for an exception that is hardly ever thrown (docs/performance.md).
 */
export const wireCall = (
  channel: Channel,
  { path, request, metadata, deadline, kind }: WireCall,
): Promise<Outcome<Uint8Array>> =>
  new Promise((resolve) => {
    const call = channel.createCall(path, deadline, null, null, propagate.DEFAULTS);
    let message: Uint8Array | null = null;
    call.start(metadata, {
      onReceiveMetadata: () => {},
      onReceiveMessage: (bytes: Uint8Array | null) => {
        if (message !== null || bytes === null) return;
        message = bytes;
        if (kind === "first") call.cancelWithStatus(status.CANCELLED, "the first message was seen");
      },
      onReceiveStatus: (end: StatusObject) => resolve(outcomeOf(path, message, end, kind)),
    });
    call.startRead();
    call.sendMessageWithContext({}, Buffer.from(request));
    call.halfClose();
  });

function outcomeOf(
  path: string,
  message: Uint8Array | null,
  { code, details }: StatusObject,
  kind: WireCall["kind"],
): Outcome<Uint8Array> {
  // Our own cancellation ends a stream with a status, too.
  if (kind === "first" && message !== null) return answered(message);
  if (code !== status.OK) return grpcUnanswered(code, details);
  return message === null
    ? unanswered("failed", `${path.slice(path.lastIndexOf("/") + 1)} ended without a message`)
    : answered(message);
}
