import type { Socket } from "node:net";
import {
  type Metadata,
  ResponderBuilder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import type { TabletAddress } from "../../tablets/access.js";
import type { Protocol, TabletAnswers } from "./answers.js";
import { GrpcService } from "./grpc-service.js";
import { tabletMethods } from "./tablet-methods.js";

/** 16 MiB, as Vitess's `--grpc-max-message-size`. */
const MAX_MESSAGE_BYTES = 16 << 20;

/**
 * vttablet's gRPC port. One server speaks for all tablets: whom a call is for is told by the connection on which it came.
 */
export function tabletGrpc(answers: TabletAnswers): Protocol {
  const callers = new Callers();
  const server = new Server({
    interceptors: [callers.name],
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  tabletMethods(new GrpcService(server, (metadata) => callers.calledBy(metadata)), answers);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    welcome: (socket, at) => {
      callers.add(socket, at);
      injector.injectConnection(socket);
    },
    close: () => server.forceShutdown(),
  };
}

const CALLER = "vtdoctor-caller";

/** Which tablet each open connection leads to. */
class Callers {
  readonly #tablets = new Map<string, TabletAddress>();

  add(socket: Socket, at: TabletAddress): void {
    const key = keyOf(socket);
    this.#tablets.set(key, at);
    socket.once("close", () => this.#tablets.delete(key));
  }

  /** Writes into a call's metadata from where it came: a handler sees nothing else of its connection. */
  readonly name: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(
      call,
      new ResponderBuilder()
        .withStart((next) =>
          next(
            new ServerListenerBuilder()
              .withOnReceiveMetadata((metadata, pass) => {
                metadata.set(CALLER, keyOf(call.getConnectionInfo()));
                pass(metadata);
              })
              .build(),
          ),
        )
        .build(),
    );

  calledBy(metadata: Metadata): TabletAddress | null {
    return this.#tablets.get(String(metadata.get(CALLER)[0])) ?? null;
  }
}

type Ends = Pick<Socket, "localAddress" | "localPort" | "remoteAddress" | "remotePort">;

const keyOf = (ends: Ends | ReturnType<ServerInterceptingCallInterface["getConnectionInfo"]>): string =>
  `${ends.remoteAddress}:${ends.remotePort} ${ends.localAddress}:${ends.localPort}`;
