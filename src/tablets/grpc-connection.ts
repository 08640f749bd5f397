import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type SecureClientSessionOptions,
} from "node:http2";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { grpcUnanswered, httpUnanswered, resetUnanswered } from "./grpc-errors.js";
import { frameOf, MessageFrames } from "./grpc-frames.js";
import { socketUnanswered } from "./socket-errors.js";

export interface GrpcQuestion {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a stream only the first message is wanted: the rest is cancelled. */
  readonly firstOnly: boolean;
}

/**
 * gRPC over one HTTP/2 connection to one vttablet, dialled when the first question comes and again after it broke. Nothing is sent
 * twice. It is Node's own HTTP/2 and not @grpc/grpc-js, whose channel costs more than twice as much to open: a scan opens one per
 * tablet and asks a few questions (docs/performance.md).
 */
export class GrpcConnection {
  readonly #url: string;
  readonly #options: SecureClientSessionOptions;
  #session: ClientHttp2Session | null = null;
  #broken: Error | null = null;

  /** `address`: `host:port`; null: plain text. */
  constructor(address: string, tls: SecureClientSessionOptions | null) {
    this.#url = `${tls === null ? "http" : "https"}://${address}`;
    this.#options = { ...tls, settings: { enablePush: false } };
  }

  /** The bytes of the answer's message. `expired` gives up the question, and is aborted when it is over. */
  ask(question: GrpcQuestion, expired: AbortSignal): Promise<Outcome<Uint8Array>> {
    return new Promise((resolve) => {
      const stream = this.#open().request({
        ...question.headers,
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: question.path,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
        [constants.HTTP2_HEADER_TE]: "trailers",
      });
      expired.addEventListener("abort", () => stream.close(constants.NGHTTP2_CANCEL), { once: true });
      hear(stream, question.firstOnly, resolve, (error) => this.#whyLost(stream, error));
      stream.end(frameOf(question.message));
    });
  }

  /** Questions in flight are lost. */
  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(this.#url, this.#options);
    this.#session = session;
    this.#broken = null;
    session.on("error", (error) => {
      if (this.#session === session) this.#broken = error;
    });
    return session;
  }

  #whyLost(stream: ClientHttp2Stream, error: (Error & { readonly cause?: unknown }) | null) {
    const cause = error?.cause instanceof Error ? error.cause : error;
    if (this.#broken !== null) return socketUnanswered(this.#broken);
    if (stream.session === undefined || stream.session.destroyed || stream.session.closed) {
      return cause === null
        ? unanswered("unreachable", "the connection was closed before the answer")
        : socketUnanswered(cause);
    }
    return resetUnanswered(stream.rstCode);
  }
}

function hear(
  stream: ClientHttp2Stream,
  firstOnly: boolean,
  resolve: (outcome: Outcome<Uint8Array>) => void,
  whyLost: (error: Error | null) => Outcome<Uint8Array>,
): void {
  const frames = new MessageFrames();
  let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let failure: Error | null = null;
  const note = (more: IncomingHttpHeaders & IncomingHttpStatusHeader): void => {
    headers = { ...headers, ...more };
  };
  stream.on("response", note);
  stream.on("trailers", note);
  stream.on("data", (chunk: Buffer) => {
    frames.push(chunk);
    const first = frames.first();
    if (first.kind === "unanswered" || (firstOnly && first.value !== null)) {
      stream.close(constants.NGHTTP2_CANCEL);
    }
  });
  stream.on("error", (error) => {
    failure = error;
  });
  stream.once("close", () => {
    const first = frames.first();
    const status = headers["grpc-status"];
    const http = headers[":status"];
    if (first.kind === "unanswered") resolve(first);
    else if (status !== undefined && status !== "0")
      resolve(grpcUnanswered(Number(status), unescaped(headers["grpc-message"])));
    else if (first.value !== null && (firstOnly || status === "0")) resolve(answered(first.value));
    else if (status === "0") resolve(unanswered("failed", "the answer came without a message"));
    else if (http !== undefined && http !== 200) resolve(httpUnanswered(http));
    else resolve(whyLost(failure));
  });
}

/** grpc-message is percent-encoded (gRPC over HTTP2, "Responses"); text that is not well encoded is taken as it is. */
function unescaped(header: string | readonly string[] | undefined): string {
  const text = String(header ?? "");
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
