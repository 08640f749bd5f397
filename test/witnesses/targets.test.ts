import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { targetsOf } from "../../src/witnesses/targets.js";
import { WITNESS_SOURCES, type Witness } from "../../src/witnesses/witness.js";

const witness = (
  source: Witness["source"],
  changes: Partial<Witness> = {},
  ports: Partial<Witness["at"]> = {},
): Witness => ({
  source,
  detail: source,
  at: { host: "10.0.0.1", grpcPort: 16100, httpPort: 0, mysqlHost: "", mysqlPort: 0, ...ports },
  alias: null,
  keyspace: null,
  required: source === "topology" || source === "inventory",
  ...changes,
});

describe("the addresses to dial", () => {
  it("are each one, with what its witnesses know together; the topology's word counts most", () => {
    const targets = targetsOf([
      witness("history", { alias: "zone1-0000000007" }, { httpPort: 1, mysqlHost: "old", mysqlPort: 2 }),
      witness("inventory", {}, { mysqlHost: "10.0.0.1", mysqlPort: 3306 }),
      witness("topology", { alias: "zone1-0000000100", keyspace: "customer" }, { httpPort: 15100 }),
    ]);
    expect(targets).toEqual([
      {
        address: "10.0.0.1:16100",
        at: { host: "10.0.0.1", grpcPort: 16100, httpPort: 15100, mysqlHost: "10.0.0.1", mysqlPort: 3306 },
        aliases: ["zone1-0000000007", "zone1-0000000100"],
        keyspaces: ["customer"],
        required: true,
        past: false,
      },
    ]);
  });

  it("name IPv6 hosts so that the port can be told", () => {
    const [tablet, mysql] = targetsOf([
      witness("inventory", {}, { host: "fd00::1" }),
      witness("replica", {}, { host: "", grpcPort: 0, mysqlHost: "fd00::1", mysqlPort: 3306 }),
    ]);
    expect([tablet?.address, mysql?.address]).toEqual(["[fd00::1]:16100", "mysql://[fd00::1]:3306"]);
  });

  it("are required by anybody, and of the past only where nobody names them now", () => {
    const source = fc.constantFrom(...WITNESS_SOURCES);
    fc.assert(
      fc.property(fc.array(source, { minLength: 1 }), (sources) => {
        const [target, ...others] = targetsOf(sources.map((one) => witness(one)));
        expect(others).toEqual([]);
        expect(target?.required).toBe(sources.some((one) => one === "topology" || one === "inventory"));
        expect(target?.past).toBe(sources.every((one) => one === "history" || one === "snapshot"));
      }),
    );
  });

  it("leave out what names none: the record of a tablet that was shut down", () => {
    expect(targetsOf([witness("topology", {}, { host: "", grpcPort: 0, mysqlPort: 27100 })])).toEqual([]);
  });
});
