import { join } from "node:path";
import { expect, test } from "vitest";
import { labCluster } from "../../src/sim/lab.js";
import { rebuildSrvKeyspace } from "../../src/sim/native/serving-graph.js";
import { operatorAt } from "../cli/harness.js";
import { denyTables } from "../sim/native/denied-tables.js";
import { setControls } from "../sim/native/serving-switch.js";

const PRIMARY = "zone1-0000000100";

test("a shard that somebody fenced stays closed, and no dead switch is made up", async () => {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  for (const _ of setControls(cluster, "customer", 1, ["0"], true));
  cluster.tablet(PRIMARY).refreshState();
  cluster.clock.advance(3_600_000);
  const { type, write } = operatorAt(cluster);
  const finding = "writes-served-by-no-shard@customer/0";
  const told = await type(`explain ${finding}`);
  const words = told.out.replaceAll(/\s+/g, " ");
  expect(words).toMatch(/Nothing here says why; it may be closed on purpose/);
  expect(words).not.toMatch(/cutover that died/);
  const said = await write(`fix ${finding} --yes`);
  expect([said.code, said.err]).toEqual([4, expect.stringContaining("ask who closed customer/0")]);
  expect(cluster.tablet(PRIMARY).disabled).toBe(true);
});

test("a shard whose primary does not say its journals is not told to be closed by a person, nor by a switch", async () => {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  for (const _ of setControls(cluster, "customer", 1, ["0"], true));
  cluster.tablet(PRIMARY).refreshState();
  cluster.clock.advance(3_600_000);
  for (const tablet of cluster.tablets) if (tablet.shard === "0") cluster.faults.hang(tablet.name);
  const { type, write } = operatorAt(cluster);
  const finding = "writes-served-by-no-shard@customer/0";
  const words = (await type(`explain ${finding}`)).out.replaceAll(/\s+/g, " ");
  expect(words).toMatch(/Nobody can tell from here/);
  expect(words).not.toMatch(/Somebody disabled it, with|cutover that died after/);
  const said = await write(`fix ${finding} --yes`);
  expect([said.code, said.err]).toEqual([4, expect.stringContaining("resharding_journal")]);
});

test("a shard whose serving flag somebody took is told as closed perhaps, before a rebuild closes it", async () => {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  const record = cluster.topology.shard("customer", "0");
  const before = record.get();
  if (before === null) throw new Error("no record of customer/0");
  record.put({ ...before, isPrimaryServing: false });
  const { type } = operatorAt(cluster);
  const looked = async () => {
    const { code, out } = await type("scan --format json");
    const { findings } = JSON.parse(out) as { findings: { id: string; severity: string }[] };
    return [code, ...findings.map(({ id, severity }) => `${severity} ${id}`)];
  };
  expect(await looked()).toEqual([0, "info range-served-by-no-shard@customer/-"]);
  rebuildSrvKeyspace(cluster, "zone1", "customer");
  expect(await looked()).toContain("critical range-served-by-no-shard@customer/-");
});

test("a table that somebody denied by hand stays denied until the keyspace's name is typed", async () => {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  const sources = [{ shard: "0", tablet: cluster.tablet(PRIMARY) }];
  for (const _ of denyTables(cluster, "customer", sources, ["corder"]));
  cluster.clock.advance(3_600_000);
  const { folder, write } = operatorAt(cluster);
  const line = "fix keep-data-denial-residue@customer/0 --settle 30s";
  const plan = join(folder, "plan.json");
  await write(`${line} --dry-run --out ${plan}`);
  for (const typed of [`${line} --yes`, `fix --plan ${plan} --yes`]) {
    const said = await write(typed);
    expect([said.code, said.err]).toEqual([4, expect.stringContaining("may have denied on purpose")]);
  }
  expect(cluster.tablet(PRIMARY).deniedTables).toEqual(["corder"]);
});
