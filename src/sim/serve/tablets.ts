import type { TabletAddress } from "../../tablets/access.js";
import type { Protocol, TabletAnswers } from "./answers.js";
import { Listeners } from "./listeners.js";
import { mysqlProtocol } from "./mysql-protocol.js";
import { tabletGrpc } from "./tablet-grpc.js";
import { tabletHttp } from "./tablet-http.js";

export interface TabletProtocols {
  readonly grpc: Protocol;
  readonly http: Protocol;
  readonly mysql: Protocol;
}

/** What every served tablet speaks. */
export const tabletProtocols = (answers: TabletAnswers): TabletProtocols => ({
  grpc: tabletGrpc(answers),
  http: tabletHttp(answers),
  mysql: mysqlProtocol(answers),
});

/**
 * Serves tablets at these addresses until `close`: gRPC (StreamHealth, TabletManager), `/debug/vars` over HTTP and MySQL's protocol, each
 * on the port that the address says (0: not). One process holds thousands: a tablet costs a listening socket for each port and nothing
 * else, since its answers are made when it is asked. Every address of 127.0.0.0/8 is this machine on Linux, so that each tablet can have
 * a host of its own. A process may open as many sockets as `ulimit -n` says: beyond that, share the addresses out over processes.
 *
 *     const served = await serveTablets(cluster, cluster.tablets.map(({ address }) => address));
 *     const served = await serveTablets({ reader: generator, writer: cluster.writer }, addresses);
 *
 * Rejects with Node's error where a port is taken.
 */
export async function serveTablets(
  answers: TabletAnswers,
  addresses: readonly TabletAddress[],
): Promise<{ close(): void }> {
  const listeners = new Listeners();
  const protocols = tabletProtocols(answers);
  const open = async (host: string, port: number, protocol: Protocol, at: TabletAddress): Promise<void> => {
    if (port === 0) return;
    const server = await listeners.open(host, port);
    server.on("connection", (socket) => protocol.welcome(socket, at));
  };
  const close = () => {
    listeners.close();
    for (const protocol of Object.values(protocols) as Protocol[]) protocol.close();
  };
  try {
    for (const at of addresses) {
      await open(at.host, at.grpcPort, protocols.grpc, at);
      await open(at.host, at.httpPort, protocols.http, at);
      await open(at.mysqlHost, at.mysqlPort, protocols.mysql, at);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}
