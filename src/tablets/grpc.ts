import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import type { Clock } from "../cluster/clock.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { TabletAddress } from "./access.js";
import { bareHost, formatHostPort } from "./address.js";
import { type WireCall, wireCall } from "./grpc-call.js";
import { GrpcChannels } from "./grpc-channels.js";
import { CallLimiter } from "./limiter.js";
import type { TabletOptions } from "./options.js";

/**
 * Channels kept open for each call that may be in flight: who asks a tablet asks its other ports too between two calls, and to dial it
 * again costs more than any call.
 */
const WAITING = 4;

/** The two calls that vtdoctor makes of a vttablet's gRPC port: one answer, or the first message of a stream. */
export class TabletGrpc {
  readonly #channels: GrpcChannels;
  readonly #limiter: CallLimiter;
  readonly #metadata = new Metadata();
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(options: TabletOptions, clock: Clock) {
    this.#channels = new GrpcChannels(options.tls, WAITING * options.concurrency);
    this.#limiter = new CallLimiter(options.concurrency, options.concurrencyPerHost);
    if (options.staticAuth !== null) {
      this.#metadata.set("username", options.staticAuth.username);
      this.#metadata.set("password", options.staticAuth.password);
    }
    this.#timeoutMs = options.timeoutMs;
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

  close(): void {
    this.#channels.close();
  }

  async #dial<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    kind: WireCall["kind"],
  ): Promise<Outcome<MessageShape<O>>> {
    if (at.host === "" || at.grpcPort <= 0) return unanswered("unreachable", "no gRPC address is known");
    const address = formatHostPort(at.host, at.grpcPort);
    const bytes = toBinary(method.input, create(method.input, request));
    const reply = await this.#limiter.run(bareHost(at.host), () =>
      this.#channels.use(address, (channel) =>
        wireCall(channel, {
          path: pathOf(method),
          request: bytes,
          metadata: this.#metadata,
          deadline: this.#clock.now() + this.#timeoutMs,
          kind,
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
