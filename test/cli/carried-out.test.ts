import { readdirSync, readFileSync } from "node:fs";
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

  it.each([
    ["", "deferred-keys.sql, 1 of them put off after the plan was made", []],
    [
      " --restore-secondary-keys",
      "all 1 deferred keys exist",
      [expect.stringContaining("KEY `customer_id`")],
    ],
  ])("the keys of a table whose copy began after the plan was saved%s", async (flag, words, restored) => {
    const cluster = reshardingLab({ version: "24.0.4", rows: 200, copyRowsPerSecond: 1e-6 });
    const { folder, write } = operatorAt(cluster);
    const targets = ["zone1-0000000200", "zone1-0000000300"].map((alias) => cluster.tablet(alias).mysql);
    const later = targets.map(({ data }) => data.sidecar.postCopyActions.splice(0));
    const file = join(folder, "p.json");
    const planned = await write(`cancel customer.c2 --keep-data${flag} --dry-run --out ${file}`);
    expect([planned.code, planned.out]).toEqual([1, expect.stringContaining("none so far")]);
    for (const [index, { data }] of targets.entries()) data.sidecar.postCopyActions = later[index] ?? [];
    const said = await write(`fix --plan ${file} --yes`);
    expect(said.code, said.err + said.out).toBe(0);
    const [run = ""] = readdirSync(join(folder, "runs"));
    const saved = readFileSync(join(folder, "runs", run, "deferred-keys.sql"), "utf8");
    expect(saved.match(/^alter table vt_customer.corder add key customer_id .*;$/gm)).toHaveLength(2);
    expect(said.out).toContain(words);
    for (const mysql of targets) {
      const { definition } = mysql.table("vt_customer", "corder") ?? {};
      expect([definition].filter((text) => text?.includes("KEY `customer_id`"))).toEqual(restored);
    }
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
