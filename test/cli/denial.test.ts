import { expect, it } from "vitest";
import { moving } from "../crash/scene.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { operatorAt } from "./harness.js";

const DENIED = "keep-data-denial-residue@moved/0";

it("tables that a cancel kept and left denied are found in two looks, and lifted by name only", async () => {
  const cluster = moving.build();
  const { type, write } = operatorAt(cluster);
  expect((await type("scan --settle 31s")).out).not.toContain(DENIED);
  cluster.run(
    moveTablesCancel(cluster, { keyspace: "moved", workflow: "c2", keepData: true, keepRoutingRules: true }),
  );
  cluster.clock.advance(5_000);

  const once = await type("scan --settle 0 --format json");
  const found = (JSON.parse(once.out) as { findings: { id: string; state: string }[] }).findings;
  expect(found.find(({ id }) => id === DENIED)?.state).toBe("suspected");
  const all = await write("fix --all --settle 31s --yes");
  expect(all.out + all.err).toMatch(/confirm|name/);
  expect(cluster.tablet("zone1-0000000400").deniedTables).toEqual(["customer"]);

  const dry = await write(`fix ${DENIED} --settle 31s --dry-run`);
  const words = dry.out.replaceAll(/\s+/g, " ");
  expect(words).toMatch(/a copy as old as the cancel: from now on clients can write to it/);
  expect(words).toMatch(/routing rules still lead queries away/);
  // Nothing shows who denied it.
  const unasked = await write(`fix ${DENIED} --settle 31s --yes`);
  expect([unasked.code, unasked.err]).toEqual([4, expect.stringContaining("give --confirm moved")]);
  const wrong = await write(`fix ${DENIED} --settle 31s`, { answer: "yes" });
  expect([wrong.code, wrong.err]).toEqual([4, expect.stringContaining("may have denied on purpose")]);
  expect(cluster.tablet("zone1-0000000400").deniedTables).toEqual(["customer"]);
  const fixed = await write(`fix ${DENIED} --settle 31s --yes --confirm moved`);
  expect(fixed.code, fixed.err + fixed.out).toBe(0);
  expect(cluster.tablet("zone1-0000000400").deniedTables).toEqual([]);
});
