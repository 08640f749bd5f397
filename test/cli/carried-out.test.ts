import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { moving } from "../crash/scene.js";
import { operatorAt } from "./harness.js";

describe("what an operator keeps after a cancel", () => {
  it("where the tables are held, and the commands that bring them back or drop them", async () => {
    const cluster = reshardingLab({ version: "24.0.4" });
    const { write } = operatorAt(cluster);
    const said = await write("cancel customer.c2 --yes");
    expect(said.code, said.err + said.out).toBe(0);
    expect(said.out).toMatch(
      /zone1-0000000200, .*: corder, customer of vt_customer are in vtdoctor_hold_\w+/,
    );
    expect(said.out).toMatch(
      /to have them back: vtdoctor undo \w+\n.*to drop them for good: vtdoctor purge \w+/,
    );
    expect(said.out).toContain("verified");
    expect(said.err).toContain("zone1-0000000200");
  });

  it("the secondary keys that the copy had put off, to be typed, and the file that has them", async () => {
    const cluster = reshardingLab({ version: "24.0.4", copyRowsPerSecond: 10 });
    const { folder, write } = operatorAt(cluster);
    const said = await write("cancel customer.c2 --keep-data --yes");
    expect(said.code, said.err + said.out).toBe(0);
    expect(said.out).toMatch(/alter table/i);
    expect(said.out).toContain(join(folder, "runs"));
    expect(said.out).toContain("deferred-keys.sql");
    expect(said.out).not.toContain("vtdoctor_hold_");
  });
});

it("a cancel in a cluster of 24 cells comes to its end, and can be taken back", async () => {
  const cluster = moving.build();
  for (let cell = 10; cell < 34; cell++) cluster.addCell(`useast1-prod-${cell}`);
  const { folder, write } = operatorAt(cluster);
  const cancelled = await write("cancel moved.c2 --yes");
  expect(cancelled.code, cancelled.err + cancelled.out).toBe(0);
  expect(cluster.topology.srvVSchema("useast1-prod-33").get()?.routingRules?.rules ?? []).toEqual([]);
  const [run = ""] = readdirSync(join(folder, "runs"));
  const undone = await write(`undo ${run} --yes`);
  expect(undone.code, undone.err + undone.out).toBe(0);
  expect(cluster.topology.srvVSchema("useast1-prod-33").get()?.routingRules?.rules).not.toEqual([]);
});
