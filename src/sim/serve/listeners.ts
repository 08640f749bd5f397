import { createServer, type Server, type Socket } from "node:net";

/** Ports of this machine on which simulated processes listen; `close` gives all of them back and hangs up. */
export class Listeners {
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

export const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP listener has a port");
  return address.port;
};
