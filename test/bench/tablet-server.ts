import { createServer as createHttp } from "node:http";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { debugVars, grpcAnswer, type Method, prepareAnswers } from "./answers.js";
import { type BenchTablet, indexOfHost, type Shape, tabletsOf } from "./shape.js";

/**
 * Every tablet of the cluster in one process of its own, as cheap as Node can: plain HTTP/2 and HTTP, without a gRPC library. The
 * host that a caller dialled says which tablet it is. Messages to the parent: its ports, then after each question the calls by method.
 */

const METHODS: ReadonlySet<string> = new Set([
  "StreamHealth",
  "FullStatus",
  "ExecuteFetchAsDba",
  "GetSchema",
  "GetReplicas",
]);

let tablets: readonly BenchTablet[] = [];
let etcd = "";
let calls: Record<string, number> = {};

const count = (call: string): void => {
  calls[call] = (calls[call] ?? 0) + 1;
};

const tabletAt = (socket: Pick<Socket, "localAddress"> | undefined): BenchTablet | undefined =>
  tablets[indexOfHost(socket?.localAddress ?? "")];

const grpc = createServer();
grpc.on("stream", (stream, headers) => {
  const name = String(headers[":path"]).split("/").at(-1) ?? "";
  const tablet = tabletAt(stream.session?.socket);
  count(name);
  // A caller that has seen enough resets its stream.
  stream.on("error", () => {});
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.once("end", () => {
    if (tablet === undefined) return stream.close();
    const method = METHODS.has(name) ? (name as Method) : "other";
    answer(stream, grpcAnswer(tablet, method, Buffer.concat(chunks).subarray(5)), method === "StreamHealth");
  });
});

function answer(stream: ServerHttp2Stream, message: Uint8Array, staysOpen: boolean): void {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: !staysOpen });
  if (staysOpen) {
    stream.write(frame);
    return;
  }
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(frame);
}

const http = createHttp((request, response) => {
  const tablet = tabletAt(request.socket);
  const path = request.url ?? "";
  count(path);
  if (path === "/debug/query_rules") response.end('{"DenyListQueryRules":[]}');
  else response.end(tablet === undefined ? "{}" : debugVars(tablet, etcd));
});

// Only this machine is answered, although the listeners must take all of its loopback addresses.
for (const server of [grpc, http]) {
  server.on("connection", (socket: Socket) => {
    if (!socket.localAddress?.replace(/^::ffff:/, "").startsWith("127.")) socket.destroy();
  });
}

interface Start {
  readonly shape: Omit<Shape, "grpcPort" | "httpPort">;
  readonly etcd: string;
}

process.on("message", (message: Start | "calls") => {
  if (message === "calls") {
    process.send?.(calls);
    calls = {};
    return;
  }
  etcd = message.etcd;
  grpc.listen(0, "0.0.0.0", 4096, () => {
    http.listen(0, "0.0.0.0", 4096, () => {
      const ports = { grpcPort: portOf(grpc), httpPort: portOf(http) };
      tablets = [...tabletsOf({ ...message.shape, ...ports })];
      prepareAnswers(tablets);
      process.send?.(ports);
    });
  });
});
process.once("disconnect", () => process.exit());

const portOf = (server: { address(): AddressInfo | string | null }): number =>
  (server.address() as AddressInfo).port;
