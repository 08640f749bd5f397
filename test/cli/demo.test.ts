import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { play } from "../../src/cli/commands/demo.js";
import { run } from "../../src/cli/main.js";
import { Given } from "../../src/config/settings.js";
import type { Snapshot } from "../../src/snapshot/snapshot.js";
import { loadRecording } from "../sim/recording.js";
import { contextOf, operatorAt, seed } from "./harness.js";

/** As test/vitess/seed.test.ts expects them of a real Vitess 19. */
const SEED = [
  "shard-missing-live-tablets@customer/-80",
  "shard-missing-live-tablets@customer/80-",
  "stream-on-unlisted-tablet@customer/-80/c2",
  "stream-on-unlisted-tablet@customer/80-/c2",
  "tablet-record-missing-live-process@zone1-0000000200",
  "tablet-record-missing-live-process@zone1-0000000201",
  "tablet-record-missing-live-process@zone1-0000000300",
];

const confirmed = (out: string): readonly string[] =>
  JSON.parse(out)
    .findings.filter(({ state }: { state: string }) => state === "confirmed")
    .map(({ id }: { id: string }) => id)
    .sort();

describe("the demo", () => {
  const demo = async (orderBug: boolean) => {
    const { context, said } = contextOf({});
    const request = {
      given: new Given({}),
      suppressions: [],
      context,
      typed: "vtdoctor demo",
      closesAtEnd: (snapshot: Snapshot) => snapshot,
      vtdoctor: run,
    };
    return { code: await play(request, { orderBug }), out: said.out };
  };

  it("finds, repairs, is clean, and says what to type next", async () => {
    const started = process.cpuUsage();
    const { code, out } = await demo(true);
    expect(code).toBe(0);
    const acts = [
      "no findings",
      "Successfully cancelled",
      "4 critical, 3 warning",
      "13 steps",
      "verified",
      "--topo-global-server-address",
    ];
    let at = 0;
    for (const act of acts) {
      at = out.indexOf(act, at);
      expect(at, act).toBeGreaterThan(0);
    }
    expect(out.slice(out.indexOf("verified"))).not.toMatch(/critical|warning/);
    // Its own work, whatever else the machine does meanwhile.
    const { user, system } = process.cpuUsage(started);
    expect(user + system).toBeLessThan(10_000_000);
  });

  it("has nothing to find where the cancel deletes in the right order", async () => {
    const { code, out } = await demo(false);
    expect(code).toBe(0);
    expect(out).not.toMatch(/critical|warning|vtdoctor fix/);
  });
});

describe("the seed, as it was recorded on a real Vitess 19 and as the simulator breaks it", () => {
  const recorded = () =>
    loadRecording(fileURLToPath(new URL("../../fixtures/recordings/v19-cancelled", import.meta.url)));

  it("gives the findings that the real cluster gives, live and offline", async () => {
    for (const cluster of [recorded(), seed()]) {
      const { folder, type } = operatorAt(cluster);
      const live = await type(`scan --format json --save-snapshot ${folder}/seen.sqlite`);
      expect([live.code, confirmed(live.out)]).toEqual([1, SEED]);
      const offline = await type(`scan --format json --snapshot ${folder}/seen.sqlite`);
      expect(offline.out).toBe(live.out);
    }
  });

  it("and is repaired on the recorded cluster too", async () => {
    const { folder, type, write } = operatorAt(recorded());
    await write(`fix --all --dry-run --out ${folder}/plan.json`);
    const fixed = await write(`fix --plan ${folder}/plan.json --yes`);
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    expect((await type("scan")).code).toBe(0);
  });
});
