import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type CallOptions, type Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Clock } from "../cluster/clock.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { TabletAddress } from "./access.js";
import { bareHost, formatHostPort } from "./address.js";
import { GrpcChannels } from "./grpc-channels.js";
import { grpcUnanswered } from "./grpc-errors.js";
import { CallLimiter } from "./limiter.js";
import type { TabletOptions } from "./options.js";

/** The two calls that vtdoctor makes of a vttablet's gRPC port: one answer, or the first message of a stream. */
export class TabletGrpc {
  readonly #channels: GrpcChannels;
  readonly #limiter: CallLimiter;
  readonly #metadata = new Metadata();
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(options: TabletOptions, clock: Clock) {
    this.#channels = new GrpcChannels(options.tls, options.concurrency);
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
    return this.#dial(at, (client, options) => unary(client, method, request, this.#metadata, options));
  }

  first<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): Promise<Outcome<MessageShape<O>>> {
    return this.#dial(at, (client, options) =>
      firstMessage(client, method, request, this.#metadata, options),
    );
  }

  close(): void {
    this.#channels.close();
  }

  async #dial<T>(
    at: TabletAddress,
    call: (client: Client, options: CallOptions) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (at.host === "" || at.grpcPort <= 0) return unanswered("unreachable", "no gRPC address is known");
    const address = formatHostPort(at.host, at.grpcPort);
    return this.#limiter.run(bareHost(at.host), () =>
      this.#channels.use(address, (client) =>
        call(client, { deadline: this.#clock.now() + this.#timeoutMs }),
      ),
    );
  }
}

const unary = <I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  metadata: Metadata,
  options: CallOptions,
): Promise<Outcome<MessageShape<O>>> =>
  new Promise((resolve) => {
    client.makeUnaryRequest(
      pathOf(method),
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadata,
      options,
      (error, reply) =>
        resolve(
          error !== null ? refusal(error) : reply === undefined ? emptyReply(method.name) : answered(reply),
        ),
    );
  });

const firstMessage = <I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  metadata: Metadata,
  options: CallOptions,
): Promise<Outcome<MessageShape<O>>> =>
  new Promise((resolve) => {
    const stream = client.makeServerStreamRequest(
      pathOf(method),
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadata,
      options,
    );
    stream.once("data", (message: MessageShape<O>) => {
      resolve(answered(message));
      stream.cancel();
    });
    // Stays listening: our own cancellation arrives as an error too.
    stream.on("error", (error: ServiceError) => resolve(refusal(error)));
    stream.once("end", () => resolve(emptyReply(method.name)));
  });

const pathOf = (method: { readonly parent: { readonly typeName: string }; readonly name: string }): string =>
  `/${method.parent.typeName}/${method.name}`;

const refusal = (error: ServiceError) => grpcUnanswered(error.code, error.details);

const emptyReply = (method: string) => unanswered("failed", `${method} ended without a message`);
