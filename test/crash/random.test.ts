import fc from "fast-check";
import { expect, test } from "vitest";
import { play } from "../random/play.js";
import { type Scenario, scenario } from "../random/scenario.js";
import { Tally } from "../random/tally.js";

/** `npm run soak` gives them (test/soak.mjs). */
const {
  VTDOCTOR_SOAK_SEED: seed = "1",
  VTDOCTOR_SOAK_RUNS: runs = "30",
  VTDOCTOR_SOAK_SECONDS: seconds = "600",
  VTDOCTOR_SOAK_ONLY: only,
} = process.env;

if (only === undefined)
  test("no write of a random plan takes a served path away, whoever interrupts it", async () => {
    const tally = new Tally();
    const harm: string[] = [];
    const end = Date.now() + Number(seconds) * 1000;
    const property = fc.asyncProperty(scenario, async (each) => {
      if (Date.now() >= end) return;
      tally.scenarios += 1;
      const index = tally.scenarios - 1;
      const told = await played(each, tally);
      if (told.length > 0) harm.push(`--seed ${seed} --only ${index}: ${told.join("\n")}`);
    });
    await fc.assert(property, { seed: Number(seed), numRuns: Number(runs) });
    console.log(`--seed ${seed}: ${tally.text()}`);
    expect(harm, harm.join("\n")).toEqual([]);
    // Refusals are most of it, and rightly; without plans that run it would prove nothing.
    expect(tally.executed).toBeGreaterThanOrEqual(tally.scenarios / 3);
    expect(tally.incidents).toBeGreaterThanOrEqual(tally.scenarios / 15);
    expect(tally.done("native between")).toBeGreaterThanOrEqual(tally.scenarios / 10);
  }, 3_600_000);
else
  test(`scenario ${only} of seed ${seed}, made as small as it goes`, async () => {
    const outcome = await fc.check(
      fc.asyncProperty(scenario, async (each) => {
        expect(await played(each, new Tally())).toEqual([]);
      }),
      { seed: Number(seed), path: `${only}` },
    );
    const [least] = outcome.counterexample ?? [];
    if (least === undefined) return;
    console.log(JSON.stringify(least, null, 1));
    const told = await played(least, new Tally(), console.log);
    expect(told.join("\n")).toBe("");
  }, 3_600_000);

/** What throws is a fault of vtdoctor's, of the simulator's or of the test's: told as one. */
async function played(
  each: Scenario,
  tally: Tally,
  say?: (words: string) => void,
): Promise<readonly string[]> {
  try {
    return await play(each, tally, say);
  } catch (error) {
    return [`it threw: ${error instanceof Error ? error.stack : String(error)}`];
  }
}
