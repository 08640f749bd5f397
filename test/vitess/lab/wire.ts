import { connect, createServer, type Server, type Socket } from "node:net";

/** A connection of one process to a server, through a port of its own, that can be cut and mended while the others keep theirs. */
export class Wire {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  constructor(
    readonly port: number,
    private readonly to: number,
  ) {}

  mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect({ host: "127.0.0.1", port: this.to });
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => [near, far].map((one) => one.destroy()));
      }
      near.pipe(far).pipe(near);
    });
    this.server = server;
    return new Promise((resolve) => server.listen(this.port, "127.0.0.1", resolve));
  }

  cut(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
}
