import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { endpoint } from "../../src/tablets/address.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { OPTIONS, realClock } from "./settings.js";

const reader = createTabletReader(
  { ...OPTIONS, timeoutMs: 200, mysql: { user: "u", password: "p", ssl: null } },
  realClock,
);
afterAll(() => reader.close());

describe("an address as a record has it", () => {
  it.each([
    ["10.0.0.7", "10.0.0.7"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["db-1.example.com", "db-1.example.com"],
    ["tablet_7", "tablet_7"],
    ["bücher.example", "xn--bcher-kva.example"],
  ])("%j is the host %j", (host, expected) => {
    expect(endpoint("gRPC", host, 15999)).toEqual({
      kind: "answered",
      value: { host: expected, port: 15999 },
    });
  });

  it.each([
    "bad host",
    "h/../x",
    "h?x",
    "h#x",
    "h\\x",
    "user@h",
    "h:80",
    "[::1",
    "ff::g",
    "fe80::1%eth0",
    "%zz",
    "\n",
    "a\0b",
  ])("%j is no host name", (host) => {
    expect(endpoint("gRPC", host, 15999)).toEqual({
      kind: "unanswered",
      reason: "unreachable",
      message: `${JSON.stringify(host)} is no host name`,
    });
  });

  it("is data, whatever it is: no reader throws", async () => {
    // Nobody listens on port 1, and no name under .invalid exists.
    const hosts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }).map((text) => `${text}.invalid`),
      fc.constantFrom("127.0.0.1", "127.0.0.1\r\nx: y", "[::1]", ""),
    );
    const ports = fc.oneof(fc.constant(1), fc.integer({ min: 65_536 }), fc.integer({ max: 0 }));
    await fc.assert(
      fc.asyncProperty(hosts, ports, async (host, port) => {
        const at = { host, grpcPort: port, httpPort: port, mysqlHost: host, mysqlPort: port };
        const said = await Promise.all([reader.identity(at), reader.vars(at), reader.mysqlStatus(at)]);
        reader.leave(at);
        for (const outcome of said) expect(outcome).toMatchObject({ kind: "unanswered" });
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
