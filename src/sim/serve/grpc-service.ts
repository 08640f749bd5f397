import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type Metadata,
  type MethodDefinition,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { type Outcome, type Unanswered, unanswered } from "../../cluster/outcome.js";
import type { TabletAddress } from "../../tablets/access.js";

/** What the tablet at that address answers to a request. */
export type Answer<I extends DescMessage, O extends DescMessage> = (
  at: TabletAddress,
  request: MessageShape<I>,
) => Promise<Outcome<MessageInitShape<O>>>;

/** The methods of one gRPC server, answered by outcomes: `timeout` never comes, other failures are vttablet's codes. */
export class GrpcService {
  constructor(
    private readonly server: Server,
    /** Null: the connection is gone. */
    private readonly calledBy: (metadata: Metadata) => TabletAddress | null,
  ) {}

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    answer: Answer<I, O>,
  ): void {
    type Call = ServerUnaryCall<MessageShape<I>, MessageShape<O>>;
    const handle = async (call: Call, reply: sendUnaryData<MessageShape<O>>): Promise<void> => {
      const outcome = await this.#ask(call, answer);
      if (outcome.kind === "answered") reply(null, create(method.output, outcome.value));
      else if (outcome.reason !== "timeout" || isOfMysql(outcome)) reply(refusalOf(outcome));
    };
    this.server.addService(definition(method), { [method.name]: handle });
  }

  /** The stream stays open after its first message, until the caller ends it. */
  firstMessage<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    answer: Answer<I, O>,
  ): void {
    type Call = ServerWritableStream<MessageShape<I>, MessageShape<O>>;
    const handle = async (call: Call): Promise<void> => {
      const outcome = await this.#ask(call, answer);
      if (call.cancelled) return;
      if (outcome.kind === "answered") call.write(create(method.output, outcome.value));
      else if (outcome.reason !== "timeout") call.emit("error", refusalOf(outcome));
    };
    this.server.addService(definition(method), { [method.name]: handle });
  }

  async #ask<I extends DescMessage, O extends DescMessage>(
    { metadata, request }: { readonly metadata: Metadata; readonly request: MessageShape<I> },
    answer: Answer<I, O>,
  ): Promise<Outcome<MessageInitShape<O>>> {
    const at = this.calledBy(metadata);
    return at === null ? unanswered("unreachable", "the connection is gone") : answer(at, request);
  }
}

/** MySQL gave up waiting, and said so. */
const isOfMysql = ({ message }: Unanswered): boolean => message.includes("(errno ");

/** The codes of vttablet (docs/vitess.md#tablet-grpc); a process that is not there looks like a lost connection. */
function refusalOf({ reason, message: details }: Unanswered): { code: status; details: string } {
  switch (reason) {
    case "closed":
    case "unreachable":
      return { code: status.UNAVAILABLE, details };
    case "denied":
      return { code: status.UNAUTHENTICATED, details };
    case "unsupported":
      return { code: status.UNIMPLEMENTED, details };
    default:
      return { code: status.UNKNOWN, details };
  }
}

function definition<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
): Record<string, MethodDefinition<MessageShape<I>, MessageShape<O>>> {
  return {
    [method.name]: {
      path: `/${method.parent.typeName}/${method.name}`,
      requestStream: false,
      responseStream: method.methodKind === "server_streaming",
      requestSerialize: (request) => Buffer.from(toBinary(method.input, request)),
      requestDeserialize: (bytes) => fromBinary(method.input, bytes),
      responseSerialize: (reply) => Buffer.from(toBinary(method.output, reply)),
      responseDeserialize: (bytes) => fromBinary(method.output, bytes),
    },
  };
}
