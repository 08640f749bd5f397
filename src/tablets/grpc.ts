import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Clock } from "../cluster/clock.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { TabletAddress } from "./access.js";
import { bareHost, formatHostPort } from "./address.js";
import { withDeadline } from "./deadline.js";
import { GrpcChannels } from "./grpc-channels.js";
import { CallLimiter } from "./limiter.js";
import type { TabletOptions } from "./options.js";

/** The two calls that vtdoctor makes of a vttablet's gRPC port: one answer, or the first message of a stream. */
export class TabletGrpc {
  readonly #channels: GrpcChannels;
  readonly #limiter: CallLimiter;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(options: TabletOptions, clock: Clock) {
    this.#channels = new GrpcChannels(options.tls, options.concurrency);
    this.#limiter = new CallLimiter(options.concurrency, options.concurrencyPerHost);
    this.#headers = { ...options.staticAuth, "grpc-timeout": `${options.timeoutMs}m` };
    this.#timeoutMs = options.timeoutMs;
    this.#clock = clock;
  }

  call<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<Outcome<MessageShape<O>>> {
    return this.#ask(at, method, request, false);
  }

  first<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): Promise<Outcome<MessageShape<O>>> {
    return this.#ask(at, method, request, true);
  }

  close(): void {
    this.#channels.close();
  }

  async #ask<I extends DescMessage, O extends DescMessage>(
    at: TabletAddress,
    method: Method<I, O>,
    request: MessageInitShape<I>,
    firstOnly: boolean,
  ): Promise<Outcome<MessageShape<O>>> {
    if (at.host === "" || at.grpcPort <= 0) return unanswered("unreachable", "no gRPC address is known");
    const address = formatHostPort(at.host, at.grpcPort);
    const question = {
      path: `/${method.parent.typeName}/${method.name}`,
      message: toBinary(method.input, create(method.input, request)),
      headers: this.#headers,
      firstOnly,
    };
    const outcome = await this.#limiter.run(bareHost(at.host), () =>
      this.#channels.use(address, (connection) =>
        withDeadline(this.#clock, this.#timeoutMs, (expired) => connection.ask(question, expired)),
      ),
    );
    return outcome.kind === "answered" ? decoded(method.output, outcome.value) : outcome;
  }
}

interface Method<I extends DescMessage, O extends DescMessage> {
  readonly parent: { readonly typeName: string };
  readonly name: string;
  readonly input: I;
  readonly output: O;
}

function decoded<O extends DescMessage>(output: O, bytes: Uint8Array): Outcome<MessageShape<O>> {
  try {
    return answered(fromBinary(output, bytes));
  } catch (error) {
    return unanswered(
      "failed",
      `the answer is no ${output.typeName}: ${error instanceof Error ? error.message : error}`,
    );
  }
}
