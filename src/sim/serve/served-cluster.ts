import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../cluster/clock.js";
import type { SimClock } from "../clock.js";
import type { SimCluster, SimOptions } from "../cluster.js";
import type { Protocol } from "./answers.js";
import { etcdProtocol } from "./etcd-protocol.js";
import { mysqlProtocol } from "./mysql-protocol.js";
import { tabletGrpc } from "./tablet-grpc.js";
import { tabletHttp } from "./tablet-http.js";

/** Only this machine can call: nobody is asked for a name. */
const HOST = "127.0.0.1";

export interface ServeOptions {
  /** Makes the cluster with these options, and at most so many tablets. */
  readonly make: (options: SimOptions) => SimCluster;
  readonly tablets: number;
  /** Ports are counted from here; 0: free ones. */
  readonly firstPort: number;
  readonly clock: Clock;
  /** How long ago the simulated world begins, in milliseconds; what `make` lets pass comes out of it. */
  readonly beginsAgoMs: number;
}

export interface ServedCluster {
  readonly cluster: SimCluster;
  /** Of its global etcd. */
  readonly etcdPort: number;
  close(): void;
}

/**
 * A simulated cluster behind the protocols of a real one, in real time. Ports are taken before the cluster is made, since its records
 * name them. Rejects with Node's error where a port is taken.
 */
export async function serveCluster(options: ServeOptions): Promise<ServedCluster> {
  const listeners = new Listeners();
  try {
    const count = 1 + PORTS_OF_TABLET * options.tablets;
    const opened = new Map<number, Server>();
    for (let index = 0; index < count; index++) {
      const server = await listeners.open(HOST, options.firstPort === 0 ? 0 : options.firstPort + index);
      opened.set(portOf(server), server);
    }
    return serveOn(listeners, opened, options);
  } catch (error) {
    listeners.close();
    throw error;
  }
}

/** gRPC, HTTP, MySQL. */
const PORTS_OF_TABLET = 3;

function serveOn(
  listeners: Listeners,
  opened: ReadonlyMap<number, Server>,
  { make, clock, beginsAgoMs }: ServeOptions,
): ServedCluster {
  const ports = opened.keys();
  const nextPort = (): number => {
    const { value } = ports.next();
    if (value === undefined) throw new Error("the cluster has more tablets than it was said to have");
    return value;
  };
  const etcdPort = nextPort();
  const cluster = make({
    startMs: clock.now() - beginsAgoMs,
    globalServer: `${HOST}:${etcdPort}`,
    nextPort,
    mysqlCredentials: true,
  });
  const etcd = etcdProtocol(cluster.topology.global.etcd);
  opened.get(etcdPort)?.on("connection", etcd.welcome);
  const [grpc, http, mysql] = [tabletGrpc(cluster), tabletHttp(cluster), mysqlProtocol(cluster)];
  for (const { address } of cluster.tablets) {
    const at = (port: number, protocol: Protocol) =>
      opened.get(port)?.on("connection", (socket) => protocol.welcome(socket, address));
    at(address.grpcPort, grpc);
    at(address.httpPort, http);
    at(address.mysqlPort, mysql);
  }
  const stopped = new AbortController();
  void keepPace(cluster.clock, clock, stopped.signal);
  return {
    cluster,
    etcdPort,
    close: () => {
      stopped.abort();
      listeners.close();
      for (const each of [etcd, grpc, http, mysql]) each.close();
    },
  };
}

/** Ports of this machine on which simulated processes listen; `close` gives all of them back and hangs up. */
class Listeners {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** Port 0: a free one. Rejects with Node's error where it is taken. Callers are welcomed by who listens for `connection`. */
  open(host: string, port: number): Promise<Server> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      // A caller that hangs up in the middle is no event here; what it asked ends with its socket.
      socket.on("error", () => {});
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => resolve(server));
    });
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP listener has a port");
  return address.port;
};

/** How much later than real time something of the simulated world may happen. */
const STEP_MS = 100;

/** Lets simulated time pass as real time does, from now until `stopped`; what it is behind is made up for at once. */
async function keepPace(simulated: SimClock, real: Clock, stopped: AbortSignal): Promise<void> {
  simulated.followed = true;
  do {
    simulated.advance(Math.max(0, real.now() - simulated.now()));
  } while (await real.sleep(STEP_MS, stopped));
}
