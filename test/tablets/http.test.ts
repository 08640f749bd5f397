import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { TabletAddress } from "../../src/tablets/access.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { NOWHERE } from "./fake-vttablet.js";
import { OPTIONS, realClock } from "./settings.js";

const VARS = JSON.stringify({ TabletAlias: "zone1-0000000200", TabletType: "primary" });

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

async function serving(listener: RequestListener): Promise<TabletAddress> {
  const server = createServer(listener);
  toClose.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return listening(server);
}

async function listening(server: Pick<Server, "listen" | "address">): Promise<TabletAddress> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { ...NOWHERE, httpPort: address.port };
}

const vars = (at: TabletAddress, timeoutMs = 5000) =>
  createTabletReader({ ...OPTIONS, timeoutMs }, realClock).vars(at);

describe("/debug/vars over HTTP", () => {
  it("asks for that path and for nothing else", async () => {
    const asked: (string | undefined)[] = [];
    const at = await serving((request, response) => {
      asked.push(request.url);
      response.end(VARS);
    });
    expect(await vars(at)).toMatchObject({
      kind: "answered",
      value: { alias: "zone1-0000000200", type: "PRIMARY" },
    });
    expect(asked).toEqual(["/debug/vars"]);
  });

  it.each([
    ["a redirect", 302, "", "failed"],
    ["an ACL", 403, "not allowed", "denied"],
    ["no JSON", 200, "<html>", "failed"],
    ["another server's JSON", 200, '{"status": "UP"}', "failed"],
    ["no object", 200, "[1]", "failed"],
  ])("is not answered by %s", async (_, code, body, reason) => {
    const at = await serving((_request, response) => {
      response.writeHead(code, { location: "/debug/status" });
      response.end(body);
    });
    expect(await vars(at)).toMatchObject({ kind: "unanswered", reason });
  });

  it("ends at the deadline though bytes keep coming", async () => {
    const at = await serving((_request, response) => {
      const drip = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(drip));
    });
    const begin = Date.now();
    expect(await vars(at, 300)).toMatchObject({ reason: "timeout" });
    expect(Date.now() - begin).toBeLessThan(1500);
  });

  it("ends at the deadline where nothing comes", async () => {
    const server = createTcpServer((socket) => socket.on("error", () => socket.destroy()));
    const at = await listening(server as unknown as Server);
    toClose.push(() => server.close());
    expect(await vars(at, 200)).toMatchObject({ reason: "timeout" });
  });

  it("does not take in an endless answer", async () => {
    const at = await serving((_request, response) => {
      const chunk = Buffer.alloc(1 << 20, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", more);
      more();
    });
    expect(await vars(at)).toMatchObject({
      reason: "failed",
      message: expect.stringContaining("longer than"),
    });
  });

  it("is unreachable where the answer breaks off or the port is refused", async () => {
    const at = await serving((_request, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    });
    expect(await vars(at)).toMatchObject({ reason: "unreachable" });
    for (const close of toClose.splice(0)) close();
    await realClock.sleep(20);
    expect(await vars(at)).toMatchObject({ reason: "unreachable" });
    expect(await vars(NOWHERE)).toMatchObject({ reason: "unreachable" });
  });
});
