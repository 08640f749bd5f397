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
import { type Metadata, Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import type { TabletAddress } from "../../src/tablets/access.js";

/** What one method of the fake does: answer, refuse with a gRPC status, or never answer. */
export type Reply<O extends DescMessage> =
  | { readonly kind: "answer"; readonly message: MessageInitShape<O> }
  | { readonly kind: "refuse"; readonly code: number; readonly details: string }
  | { readonly kind: "silence" };

export const answer = <O extends DescMessage>(message: MessageInitShape<O>): Reply<O> => ({
  kind: "answer",
  message,
});
export const refuse = (code: number, details: string) => ({ kind: "refuse", code, details }) as const;
export const silence = { kind: "silence" } as const;

export interface Method {
  readonly method: DescMethod;
  readonly handle: (
    request: Uint8Array,
    metadata: Metadata,
  ) => Promise<Uint8Array | { code: number; details: string } | null>;
}

/** A method of vttablet's gRPC port as a test wants it. */
export const serves = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
  reply: (request: MessageShape<I>, metadata: Metadata) => Reply<O> | Promise<Reply<O>>,
): Method => ({
  method,
  handle: async (bytes, metadata) => {
    const made = await reply(fromBinary(method.input, bytes), metadata);
    if (made.kind === "silence") return null;
    if (made.kind === "refuse") return { code: made.code, details: made.details };
    return toBinary(method.output, create(method.output, made.message));
  },
});

export interface FakeTablet {
  readonly at: TabletAddress;
  close(): void;
}

/** A gRPC server in this process that has only the given methods; others are UNIMPLEMENTED, as in an older Vitess. */
export async function fakeTablet(
  methods: readonly Method[],
  options: { readonly credentials?: ServerCredentials; readonly port?: number } = {},
): Promise<FakeTablet> {
  const server = new Server({ "grpc.max_send_message_length": -1 });
  for (const each of methods) addMethod(server, each);
  const credentials = options.credentials ?? ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { at: { ...NOWHERE, grpcPort: port }, close: () => server.forceShutdown() };
}

export const NOWHERE: TabletAddress = {
  host: "127.0.0.1",
  grpcPort: 0,
  httpPort: 0,
  mysqlHost: "127.0.0.1",
  mysqlPort: 0,
};

function addMethod(server: Server, { method, handle }: Method): void {
  const definition: ServiceDefinition = {
    [method.name]: {
      path: `/${method.parent.typeName}/${method.name}`,
      requestStream: false,
      responseStream: method.methodKind === "server_streaming",
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
  const unary = async (
    call: { request: Buffer; metadata: Metadata },
    done: (error: { code: number; details: string } | null, bytes?: Uint8Array) => void,
  ) => {
    const made = await handle(call.request, call.metadata);
    if (made === null) return;
    if (made instanceof Uint8Array) done(null, made);
    else done(made);
  };
  const stream = async (call: {
    request: Buffer;
    metadata: Metadata;
    write(bytes: Uint8Array): void;
    emit(event: "error", error: { code: number; details: string }): void;
  }) => {
    const made = await handle(call.request, call.metadata);
    if (made === null) return;
    if (made instanceof Uint8Array) call.write(made);
    else call.emit("error", made);
  };
  server.addService(definition, { [method.name]: method.methodKind === "server_streaming" ? stream : unary });
}
