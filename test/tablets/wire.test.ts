import {
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { FullStatusResponseSchema } from "../../src/proto/gen/tabletmanagerdata_pb.js";
import type { TabletAddress } from "../../src/tablets/access.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { NOWHERE } from "./fake-vttablet.js";
import { OPTIONS, realClock } from "./settings.js";

/** What servers, and what stands between, do on the wire that no gRPC library would let a test do. */

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

const reader = (timeoutMs = 2000) => {
  const made = createTabletReader({ ...OPTIONS, timeoutMs }, realClock);
  toClose.push(() => made.close());
  return made;
};

const listening = async (server: Http2Server | Server): Promise<TabletAddress> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => server.close());
  return { ...NOWHERE, grpcPort: (server.address() as AddressInfo).port };
};

/** Each call gets the next of `answers`, the last one again and again; `dialled` counts the connections. */
async function http2(
  ...answers: readonly ((stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void)[]
) {
  const seen = { dialled: 0, calls: 0 };
  const server = createServer();
  server.on("session", (session) => {
    seen.dialled += 1;
    toClose.push(() => session.destroy());
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const answer = answers[Math.min(seen.calls, answers.length - 1)];
    seen.calls += 1;
    answer?.(stream, headers);
  });
  return { at: await listening(server), seen };
}

const message = Buffer.from(
  toBinary(FullStatusResponseSchema, create(FullStatusResponseSchema, { status: { serverUuid: "u1" } })),
);
const frame = (flag: number, length = message.length): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
};

const trailing =
  (bytes: readonly Buffer[], trailers: Record<string, string> = { "grpc-status": "0" }) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    for (const part of bytes) stream.write(part);
    stream.end();
  };
const good = trailing([frame(0)]);

describe("an answer", () => {
  it("may come in any pieces", async () => {
    const pieces = [...frame(0)].map((byte) => Buffer.from([byte]));
    const { at } = await http2(trailing(pieces));
    expect(await reader().status(at)).toMatchObject({ kind: "answered", value: { serverUuid: "u1" } });
  });

  it("comes to a call that tells its deadline and who asks", async () => {
    let told: IncomingHttpHeaders = {};
    const { at } = await http2((stream, headers) => {
      told = headers;
      good(stream);
    });
    await reader(1500).status(at);
    expect(told).toMatchObject({
      ":method": "POST",
      ":scheme": "http",
      ":path": "/tabletmanagerservice.TabletManager/FullStatus",
      ":authority": `127.0.0.1:${at.grpcPort}`,
      te: "trailers",
      "content-type": "application/grpc",
      "grpc-timeout": "1500m",
      "user-agent": "vtdoctor",
    });
  });

  it.each([
    ["says that it is compressed", trailing([frame(1)]), "failed", /compressed/],
    [
      "says that it is longer than 16 MiB",
      trailing([frame(0, (16 << 20) + 1)]),
      "failed",
      /^grpc: received message larger than max \(16777217 vs\. 16777216\)$/,
    ],
    [
      "ends before its message does",
      trailing([frame(0, 1000)]),
      "failed",
      /^FullStatus ended without a message$/,
    ],
    ["has no message", trailing([]), "failed", /^FullStatus ended without a message$/],
    ["has no status", trailing([frame(0)], {}), "unreachable", /ended before the answer/],
    [
      "is an error in percent-encoded words",
      trailing([], { "grpc-status": "2", "grpc-message": "caf%C3%A9 100%25" }),
      "failed",
      /^café 100%$/,
    ],
    [
      "is an error in words that are not encoded",
      trailing([], { "grpc-status": "2", "grpc-message": "100% lost" }),
      "failed",
      /^100% lost$/,
    ],
    ["is an error without words", trailing([], { "grpc-status": "13" }), "failed", /^gRPC status 13$/],
  ] as const)("%s", async (_, answer, reason, words) => {
    const { at } = await http2(answer);
    const outcome = await reader().status(at);
    expect(outcome).toMatchObject({ kind: "unanswered", reason });
    expect(outcome).toHaveProperty("message", expect.stringMatching(words));
  });

  it.each([
    [401, "denied"],
    [403, "denied"],
    [404, "unsupported"],
    [503, "unreachable"],
    [418, "failed"],
  ])("of plain HTTP with status %i: %s", async (status, reason) => {
    const { at } = await http2((stream) => {
      stream.respond({ ":status": status });
      stream.end("<html>");
    });
    expect(await reader().status(at)).toMatchObject({ reason, message: `HTTP status ${status}` });
  });
});

describe("a call that is given up there", () => {
  it.each([
    ["NGHTTP2_CANCEL", 8, "timeout"],
    ["NGHTTP2_REFUSED_STREAM", 7, "unreachable"],
    ["NGHTTP2_INTERNAL_ERROR", 2, "failed"],
  ] as const)("with %s", async (_, code, reason) => {
    const { at } = await http2((stream) => stream.close(code));
    expect(await reader().status(at)).toMatchObject({ kind: "unanswered", reason });
  });

  it("with its connection", async () => {
    const { at } = await http2((stream) => stream.session?.destroy());
    expect(await reader().status(at)).toMatchObject({ kind: "unanswered", reason: "unreachable" });
  });
});

describe("a connection", () => {
  it("is used again, and dialled anew once it was left", async () => {
    const { at, seen } = await http2(good);
    const read = reader();
    await Promise.all([read.status(at), read.status(at)]);
    await read.status(at);
    expect(seen).toEqual({ dialled: 1, calls: 3 });
    read.leave(at);
    expect(await read.status(at)).toMatchObject({ kind: "answered" });
    expect(seen).toEqual({ dialled: 2, calls: 4 });
  });

  it.each([
    ["says goodbye", (session: Http2Session) => session.goaway()],
    ["closes", (session: Http2Session) => session.close()],
    ["is lost", (session: Http2Session) => session.destroy()],
  ])("that %s between two calls is dialled anew", async (_, part) => {
    const { at, seen } = await http2((stream) => {
      const { session } = stream;
      good(stream);
      stream.once("close", () => session && part(session));
    }, good);
    const read = reader();
    expect(await read.status(at)).toMatchObject({ kind: "answered" });
    await realClock.sleep(50);
    expect(await read.status(at)).toMatchObject({ kind: "answered" });
    expect(seen).toEqual({ dialled: 2, calls: 2 });
  });

  it("on which a call had no answer in time is not trusted again", async () => {
    const { at, seen } = await http2(() => {}, good);
    const read = reader(200);
    expect(await read.status(at)).toMatchObject({ reason: "timeout", message: "no answer within 200 ms" });
    expect(await read.status(at)).toMatchObject({ kind: "answered" });
    expect(seen.dialled).toBe(2);
  });

  it.each([
    ["speaks HTTP/1", (socket: Socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["speaks first, like MySQL", (socket: Socket) => socket.write("\x4a\0\0\0\x0a8.0.36\0")],
    ["hangs up", (socket: Socket) => socket.destroy()],
  ])("to something that %s is no tablet's", async (_, say) => {
    const at = await listening(
      createTcp((socket) => {
        socket.on("error", () => {});
        say(socket);
      }),
    );
    expect(await reader().status(at)).toMatchObject({ kind: "unanswered", reason: "unreachable" });
  });

  it("takes messages far longer than a window of HTTP/2, and refuses longer ones than Vitess sends", async () => {
    const long = create(FullStatusResponseSchema, { status: { serverUuid: "u".repeat(15 << 20) } });
    const bytes = Buffer.from(toBinary(FullStatusResponseSchema, long));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(bytes.length, 1);
    const { at } = await http2(trailing([prefix, bytes]));
    const outcome = await reader(10_000).status(at);
    expect(outcome.kind === "answered" && outcome.value.serverUuid.length).toBe(15 << 20);
  });
});

it("leaves nothing open that would keep the process", async () => {
  const { at } = await http2(good);
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  await realClock.sleep(50);
  const before = sockets();
  const read = reader();
  await read.status(at);
  read.close();
  await realClock.sleep(50);
  expect(sockets()).toBe(before);
  expect(await read.status(at)).toMatchObject({
    kind: "unanswered",
    message: "not asked: this end was closed",
  });
});
