import type { ClientHttp2Session } from "node:http2";
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { Clock } from "../cluster/clock.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { TabletAddress } from "./access.js";
import { endpoint, formatHostPort } from "./address.js";
import { withDeadline } from "./deadline.js";
import { type WireCall, wireCall } from "./grpc-call.js";
import { GrpcSessions } from "./grpc-sessions.js";
import { CallLimiter } from "./limiter.js";
import type { TabletOptions } from "./options.js";

/**
 * Sessions kept open for each call that may be in flight: who asks a tablet asks its other ports too between two calls, and to dial it
 * again costs more than any call.
 */
const WAITING = 4;

/** The two calls that vtdoctor makes of a vttablet's gRPC port: one answer, or the first message of a stream. */
export class TabletGrpc {
  readonly #sessions: GrpcSessions;
  readonly #limiter: CallLimiter;
  readonly #metadata: WireCall["metadata"];
  readonly #timeoutMs: number;
  readonly #connectMs: number;
  readonly #clock: Clock;

  /** `connectMs`: a call whose connection is not made by then is not sent at all. */
  constructor(options: TabletOptions, clock: Clock, connectMs = options.timeoutMs) {
    this.#sessions = new GrpcSessions(options.tls, WAITING * options.concurrency);
    this.#limiter = new CallLimiter(options.concurrency, options.concurrencyPerHost);
    this.#metadata = { ...options.staticAuth };
    this.#timeoutMs = options.timeoutMs;
    this.#connectMs = connectMs;
    this.#clock = clock;
  }

  call<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<Outcome<MessageShape<O>>> {
    return this.#dial(at, method, request, "unary");
  }

  first<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): Promise<Outcome<MessageShape<O>>> {
    return this.#dial(at, method, request, "first");
  }

  leave(at: TabletAddress): void {
    const where = endpoint("gRPC", at.host, at.grpcPort);
    if (where.kind === "answered") this.#sessions.leave(formatHostPort(where.value.host, where.value.port));
  }

  close(): void {
    this.#sessions.close();
  }

  /** Ends a session that is still dialling then, with every call that waits for it: the server has heard of none. */
  #dropUnconnected(session: ClientHttp2Session): (() => void) | null {
    if (!session.connecting || this.#connectMs >= this.#timeoutMs) return null;
    return this.#clock.after(this.#connectMs, () => {
      if (session.connecting) session.destroy(new Error(`no connection within ${this.#connectMs} ms`));
    });
  }

  async #dial<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    kind: WireCall["kind"],
  ): Promise<Outcome<MessageShape<O>>> {
    const where = endpoint("gRPC", at.host, at.grpcPort);
    if (where.kind === "unanswered") return where;
    const { host, port } = where.value;
    const call = {
      path: pathOf(method),
      request: toBinary(method.input, create(method.input, request)),
      metadata: this.#metadata,
      timeoutMs: this.#timeoutMs,
      kind,
    };
    const reply = await this.#limiter.run(host, () =>
      this.#sessions.use(formatHostPort(host, port), (session) =>
        withDeadline(this.#clock, this.#timeoutMs, (onOver) => {
          const connected = this.#dropUnconnected(session);
          const reply = wireCall(session, call, onOver);
          return connected === null ? reply : reply.finally(connected);
        }),
      ),
    );
    return reply.kind === "answered" ? read(method.output, reply.value) : reply;
  }
}

function read<O extends DescMessage>(schema: O, bytes: Uint8Array): Outcome<MessageShape<O>> {
  try {
    return answered(fromBinary(schema, bytes));
  } catch (error) {
    return unanswered("failed", `${schema.name} can not be read: ${String(error)}`);
  }
}

const pathOf = (method: { readonly parent: { readonly typeName: string }; readonly name: string }): string =>
  `/${method.parent.typeName}/${method.name}`;
