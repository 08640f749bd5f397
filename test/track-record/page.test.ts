import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { HARMS, HEALTHY, LINES, REPORTS, trackRecord } from "./page.js";

const RULES = loadRules([SHIPPED_RULES]).map(({ id }) => id);

it("docs/track-record.md is what the reports and harms say", async () => {
  await expect(trackRecord()).toMatchFileSnapshot("../../docs/track-record.md");
});

const HELD = [
  ...[...REPORTS, ...HARMS, ...LINES].flatMap(({ held = [] }) => held),
  ...HEALTHY.flatMap(({ sim, lab = [] }) => [...sim, ...lab]),
];

it.each(HELD)("%s has %j", (file, name) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const quoted = file.endsWith(".yaml")
    ? [`name: ${name}\n`, `name: "${name}"`]
    : [`"${name}"`, `\`${name}\``];
  expect(quoted.some((each) => text.includes(each))).toBe(true);
});

it("every rule that is named exists", () => {
  const named = [...REPORTS.flatMap(({ finds = [] }) => finds), ...HEALTHY.flatMap(({ rules }) => rules)];
  expect(named.filter((id) => !RULES.includes(id))).toEqual([]);
});

it("what is found, or rightly not, is held by a test, and what is unknown says why", () => {
  for (const { of, finds = [], verdict, open, held = [] } of REPORTS) {
    expect([of, finds.length > 0 !== (verdict !== undefined)]).toEqual([of, true]);
    expect([of, verdict === "unknown" || verdict === "wrong" ? open !== undefined : held.length > 0]).toEqual(
      [of, true],
    );
    for (const each of of)
      expect(each).toMatch(/^(https:\/\/\S+|(vitess|vitess-operator|website)(#| PR )\d+)$/);
  }
});

it("none of the harms is left out", () => {
  expect(HARMS.map(({ id }) => id)).toEqual(Array.from({ length: 26 }, (_, at) => `S${at + 1}`));
  for (const { id, held } of HARMS) expect(held.length, id).toBeGreaterThan(0);
  for (const { title, held } of LINES) expect(held.length, title).toBeGreaterThan(0);
});

it("what is healthy is played on the simulator, and on a real cluster or it is said why not", () => {
  for (const { situation, sim, lab = [], no_lab } of HEALTHY) {
    expect([situation, sim.length > 0, lab.length > 0]).toEqual([situation, true, no_lab === undefined]);
    expect(lab.filter(([file]) => !file.startsWith("test/vitess/"))).toEqual([]);
    expect(sim.filter(([file]) => file.startsWith("test/vitess/"))).toEqual([]);
  }
});
