import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { answered } from "../../src/cluster/outcome.js";
import type { TabletAddress, TabletReader } from "../../src/tablets/access.js";
import { spreadReader } from "../../src/tablets/spread.js";

const addressOf = (host: string, httpPort = 1): TabletAddress => ({
  host,
  grpcPort: 0,
  httpPort,
  mysqlHost: host,
  mysqlPort: 0,
});

const hosts = Array.from({ length: 40 }, (_, index) => `h${index}`);

/** Answers after two turns of the event loop, so that calls overlap, and remembers whom it was asked for. */
function lane(asked: string[]): TabletReader {
  const identity: TabletReader["identity"] = async ({ host }) => {
    asked.push(host);
    await new Promise(setImmediate);
    return answered({
      alias: host,
      keyspace: "",
      shard: "",
      type: "",
      serving: true,
      termStart: 0,
      healthError: "",
    });
  };
  return { identity, close: () => asked.push("closed") } as unknown as TabletReader;
}

describe("a reader over several", () => {
  it("keeps each host where it was first asked, so that what bounds the calls to one host still does", async () => {
    const asked: string[][] = [[], [], []];
    const [first = [], ...others] = asked;
    const { reader, spread } = spreadReader(
      () => lane(first),
      others.map((each) => () => lane(each)),
    );
    for (const host of hosts.slice(0, 6)) await reader.identity(addressOf(host));
    spread();
    for (let round = 0; round < 3; round++)
      for (const outcome of await Promise.all(hosts.map((host) => reader.identity(addressOf(host)))))
        expect(outcome.kind).toBe("answered");
    for (const each of others) {
      expect(new Set(each).size).toBeGreaterThanOrEqual(10);
      expect(each.length).toBe(3 * new Set(each).size);
    }
    expect(first).toEqual(hosts.slice(0, 6));
    expect(new Set(others.flat()).size).toBe(hosts.length);
    expect(others.flat()).toHaveLength(3 * hosts.length);
  });

  it("makes no second one for a few hosts, and closes those that it made", async () => {
    const asked: string[] = [];
    const never = (): TabletReader => {
      throw new Error("made");
    };
    const { reader } = spreadReader(() => lane(asked), [never]);
    await Promise.all(hosts.map((host) => reader.identity(addressOf(host))));
    reader.close();
    expect(asked).toEqual([...hosts, "closed"]);
  });
});

/** In a process of its own: threads need the compiled code. All of 127.0.0.0/8 is this machine on Linux only. */
it.runIf(process.platform === "linux")(
  "the compiled reader answers for hundreds of hosts from its threads, and lets the process end",
  async () => {
    const server = createServer((request, response) =>
      response.end(JSON.stringify({ TabletAlias: request.socket.localAddress })),
    );
    server.on("connection", (socket) => {
      if (!socket.localAddress?.startsWith("127.")) socket.destroy();
    });
    server.listen(0, "0.0.0.0");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...["--input-type=module", "--eval", MANY_HOSTS],
        String(port),
      ]);
      expect(JSON.parse(stdout)).toEqual({ wrong: [], asked: 400 });
    } finally {
      server.close();
    }
  },
);

const compiled = (file: string): string => new URL(`../../dist/cli/${file}`, import.meta.url).href;

const MANY_HOSTS = `
  import { threadedReader } from ${JSON.stringify(compiled("network/tablet-threads.js"))};
  import { systemClock } from ${JSON.stringify(compiled("clock.js"))};
  const options = { timeoutMs: 10000, concurrency: 32, concurrencyPerHost: 8, tls: null, staticAuth: null, mysql: null };
  const { reader, expecting } = threadedReader(options, systemClock);
  expecting(400);
  const hosts = Array.from({ length: 400 }, (_, index) => "127.0." + (index >> 8) + "." + (1 + (index & 127)));
  const said = await Promise.all(hosts.map(async (host) => {
    const outcome = await reader.vars({ host, httpPort: Number(process.argv[1]), grpcPort: 0, mysqlHost: host, mysqlPort: 0 });
    return outcome.kind === "answered" && outcome.value.alias === host ? [] : [host, outcome];
  }));
  reader.close();
  console.log(JSON.stringify({ wrong: said.flat(), asked: said.length }));
`;
