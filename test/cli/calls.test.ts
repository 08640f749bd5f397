import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { operatorAt, seed, vtdoctor } from "./harness.js";

/** A rule that reads no tables of a tablet, and one that does. */
const [LIGHT, DEAR] = ["topo-lock-stale", "stream-source-table-missing"];

/** How often each question was asked, by what `scan --verbose` says. */
const asked = (err: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...err.matchAll(/[(,] ?(\w+) (\d+)/g)].map(([, question = "", count]) => [question, Number(count)]),
  );

const channelsIn = async (file: string): Promise<readonly string[]> => {
  const sql = "SELECT DISTINCT channel FROM probe ORDER BY channel";
  const { out } = await vtdoctor(["query", sql, "--snapshot", file, "--format", "json"]);
  return JSON.parse(out).rows.map(({ channel }: { channel: string }) => channel);
};

describe("scan", () => {
  it("--verbose tells the calls by kind and cost, in all and per tablet", async () => {
    const { type } = operatorAt(reshardingLab());
    const { err } = await type("scan --verbose");
    expect(err).toMatchInlineSnapshot(`
      "25 calls to 4 tablets, 6.3 a tablet, at most 7 at 127.0.0.1:16100
        light: 19 (contents 3, health 4, status 4, streams 4, vars 4)
        dear: 6 (queryRules 3, schema 3)
      "
    `);
  });

  it("asks for tables once, where a rule reads them, and for triggers where none does never", async () => {
    const { type } = operatorAt(reshardingLab());
    expect(asked((await type(`scan --verbose --rule ${DEAR}`)).err)).toMatchObject({ schema: 3, streams: 4 });
    expect(asked((await type("scan --verbose")).err)).toMatchObject({ schema: 3, streams: 4 });
    expect(asked((await type("scan --verbose")).err)).not.toHaveProperty("triggers");
  });

  it("asks nothing dear where no rule reads the answer", async () => {
    const { type } = operatorAt(reshardingLab());
    const { err } = await type(`scan --verbose --rule ${LIGHT}`);
    expect(asked(err)).not.toHaveProperty("schema");
    expect(err).toContain("dear: 0\n");
  });

  it("asks everything for a snapshot that is judged elsewhere", async () => {
    const { type, folder } = operatorAt(reshardingLab());
    const file = join(folder, "seen.sqlite");
    await type(`scan --rule ${LIGHT} --save-snapshot ${file}`);
    expect(await channelsIn(file)).toEqual(expect.arrayContaining(["schema", "triggers"]));
  });
});

it("fix asks all that a plan may rest on, whatever its rule reads", async () => {
  const { type, folder } = operatorAt(seed());
  const file = join(folder, "seen.sqlite");
  await type(`fix --all --dry-run --rule ${LIGHT} --save-snapshot ${file}`);
  expect(await channelsIn(file)).toEqual(expect.arrayContaining(["schema", "triggers"]));
});

it("explain asks it too, as it tells the plan of a finding", async () => {
  const { type, folder } = operatorAt(seed());
  const file = join(folder, "seen.sqlite");
  await type(`explain shard-missing-live-tablets@customer/-80 --save-snapshot ${file}`);
  expect(await channelsIn(file)).toEqual(expect.arrayContaining(["schema", "triggers"]));
});
