import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loadCatalogue } from "../../src/rulefiles/catalogue.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { cataloguePage, PROOFS } from "./page.js";

const rules = loadRules([SHIPPED_RULES]);

it("docs/catalogue.md is what the rules and their proofs say", async () => {
  await expect(cataloguePage(loadCatalogue(), rules)).toMatchFileSnapshot("../../docs/catalogue.md");
});

const held = Object.entries(PROOFS).flatMap(([drift, { found = [], repaired = [] }]) =>
  [...found, ...repaired].map(([file, name]) => [drift, file, name] as const),
);

it.each(held)("%s: %s has %j, and asks for a rule that finds it", (drift, file, name) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  expect(file).toMatch(/^test\/vitess\//);
  expect([`"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted))).toBe(true);
  const finders = rules.filter(({ drifts }) => drifts.includes(drift));
  expect(finders.some(({ id }) => text.includes(id))).toBe(true);
});
