import { randomUUID } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { operatorAt } from "../cli/harness.js";
import { commandOf, type Life, life } from "../random/lives.js";
import { clusterOf } from "../random/world.js";

/** `npm run soak -- --scans 100000` gives them (test/soak.mjs). */
const { VTDOCTOR_SOAK_SEED: seed = "1", VTDOCTOR_SOAK_SCANS: wanted = "300" } = process.env;

/** A moment between two effects of a command of Vitess, in milliseconds. */
const BETWEEN_EFFECTS = 1_500;

interface Told {
  readonly id: string;
  readonly severity: string;
  readonly state: string;
  readonly symptom: string;
}

test(`${wanted} scans of ordinary days alarm nobody, whenever they look`, async () => {
  let scans = 0;
  let confirmable = 0;
  const alarms: string[] = [];
  const property = fc.asyncProperty(life, async (each) => {
    if (scans >= Number(wanted)) return;
    for await (const { says, settled } of lived(each)) {
      scans += 1;
      if (settled) confirmable += 1;
      alarms.push(...says.map((said) => `--seed ${seed}: ${JSON.stringify(each)}: ${said}`));
    }
  });
  await fc.assert(property, { seed: Number(seed), numRuns: Number(wanted) });
  console.log(`--seed ${seed}: ${scans} scans, ${confirmable} of them with a second look`);
  expect(scans).toBeGreaterThanOrEqual(Number(wanted));
  expect([...new Set(alarms)].slice(0, 10)).toEqual([]);
}, 7_200_000);

/** A look after each effect of each command, each tenth with the second look that comes by itself. */
async function* lived({ shape, calls }: Life) {
  const cluster = clusterOf(shape);
  const look = scanner(cluster);
  yield await look();
  for (const { name, pick, gap } of calls) {
    cluster.clock.advance(gap * 1000);
    const effects = commandOf(name)(cluster, shape, pick);
    for (let effect = next(effects); effect; effect = next(effects)) {
      cluster.clock.advance(BETWEEN_EFFECTS);
      yield await look();
    }
    yield await look();
  }
}

/** The simulated Vitess throws where there is no primary to talk to. */
function next(effects: Iterator<string>): boolean {
  try {
    return effects.next().done !== true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("the simulated cluster has no")) return false;
    throw error;
  }
}

function scanner(cluster: SimCluster) {
  const env = { XDG_STATE_HOME: join(process.env.XDG_STATE_HOME ?? "", randomUUID()) };
  const { type } = operatorAt(cluster);
  let looks = 0;
  return async () => {
    looks += 1;
    const settled = looks % 10 === 0;
    const { code, out, err } = await type(`scan${settled ? "" : " --settle 0"} --format json`, { env });
    if (out === "") throw new Error(`exit ${code}: ${err}`);
    const { findings } = JSON.parse(out) as { findings: readonly Told[] };
    const says = findings
      .filter(({ severity, state }) => severity !== "info" && state === "confirmed")
      .map(({ severity, id, symptom }) => `${severity} ${id}: ${symptom}`);
    return { says, settled };
  };
}
