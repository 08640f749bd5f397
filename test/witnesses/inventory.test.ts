import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/cluster/errors.js";
import { parseInventory, readInventory } from "../../src/witnesses/inventory.js";

const complaintAbout = (text: string): string => {
  try {
    parseInventory(text, "tablets.yaml");
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
};

describe("the inventory file", () => {
  it("is a list of addresses, in YAML or JSON", () => {
    const expected = [
      { host: "10.0.0.1", grpc: 16100, http: 15100, mysql: 3306 },
      { host: "db2.example", grpc: 16101 },
    ];
    const yaml =
      "- {host: 10.0.0.1, grpc: 16100, http: 15100, mysql: 3306}\n- host: db2.example\n  grpc: 16101\n";
    expect(parseInventory(yaml, "f").tablets).toEqual(expected);
    expect(parseInventory(JSON.stringify(expected), "f").tablets).toEqual(expected);
    expect(parseInventory(JSON.stringify({ tablets: expected }), "f").tablets).toEqual(expected);
  });

  it("corrects addresses by alias, however the number is written", () => {
    const { overrides } = parseInventory("overrides:\n  zone1-100: {host: 127.0.0.1, grpc: 26100}\n", "f");
    expect(overrides).toEqual({ "zone1-0000000100": { host: "127.0.0.1", grpc: 26100 } });
  });

  it.each([
    ["- {host: a, grcp: 1}", "entry 1", 'Did you mean "grpc"?'],
    ["- {host: a, grpc: 1}\n- {grpc: 2}", "entry 2", 'lacks the field "host"'],
    ["- {host: a, grpc: 70000}", 'entry 1, field "grpc"', "port number"],
    ["- {host: a, grpc: '16100'}", 'entry 1, field "grpc"', "integer"],
    ["- {host: 'grpc://a', grpc: 1}", 'entry 1, field "host"', "without port and scheme"],
    ["overrides: {zone1: {grpc: 1}}", '"zone1"', "not a tablet alias"],
    ["overrides: {zone1-99999999999: {grpc: 1}}", '"zone1-99999999999"', "too large"],
    ["overrides: {zone1-100: {}}", "overrides of zone1-100", "overrides nothing"],
    ["tablest: []", "the file", 'Did you mean "tablets"?'],
    ["just text", "must be a list", "tablets and overrides"],
    ["a: [", "neither YAML nor JSON", "tablets.yaml"],
  ])("says what is wrong in %j", (text, place, complaint) => {
    const said = complaintAbout(text);
    expect(said).toContain("--inventory tablets.yaml");
    expect(said).toContain(place);
    expect(said).toContain(complaint);
    expect(said).not.toContain("\n");
  });

  it("says when it cannot be read", () => {
    const folder = mkdtempSync(join(tmpdir(), "inventory-"));
    expect(() => readInventory(join(folder, "none.yaml"))).toThrow("there is no such file");
    expect(() => readInventory(folder)).toThrow(UsageError);
    writeFileSync(join(folder, "i.json"), '[{"host":"a","grpc":1}]');
    expect(readInventory(join(folder, "i.json")).tablets).toHaveLength(1);
  });
});
