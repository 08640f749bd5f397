import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { loadCatalogue } from "../../src/rulefiles/catalogue.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";

const catalogue = loadCatalogue();
const rules = loadRules([SHIPPED_RULES]);
const found = new Set(rules.flatMap(({ drifts }) => drifts));

/** Drifts that a rule could tell and none does yet. It may only get shorter. */
const OWED: readonly string[] = [];

/** How many drifts each family has. */
const FAMILIES = { A: 16, B: 18, C: 13, D: 12, E: 25, F: 3, G: 5, H: 9, I: 4, J: 2, K: 9 };

it("the catalogue is as its schema says", () => {
  const schema = JSON.parse(readFileSync(`${SHIPPED_RULES}/catalogue.schema.json`, "utf8"));
  const accepts = new Ajv({ strict: true }).compile(schema);
  accepts(catalogue);
  expect(accepts.errors).toBe(null);
});

it("it has every drift of each family, in their order, by one name", () => {
  const ids = Object.entries(FAMILIES).flatMap(([family, many]) =>
    Array.from({ length: many }, (_, at) => `${family}${at + 1}`),
  );
  expect(catalogue.map(({ id }) => id)).toEqual(ids);
  expect(new Set(catalogue.map(({ name }) => name)).size).toBe(ids.length);
});

it("a rule finds drifts of the catalogue only", () => {
  const ids = catalogue.map(({ id }) => id);
  expect([...found].filter((id) => !ids.includes(id))).toEqual([]);
});

it("a rule that is named as a drift finds it", () => {
  const namesakes = rules.flatMap(({ id, drifts }) => {
    const drift = catalogue.find(({ name }) => name === id)?.id;
    return drift === undefined || drifts.includes(drift) ? [] : [`${id}: ${drift}`];
  });
  expect(namesakes).toEqual([]);
});

it("each drift is found by a rule, or can not be decided from outside, or is owed", () => {
  const undecided = catalogue.filter(({ not_decidable }) => not_decidable !== undefined).map(({ id }) => id);
  expect(undecided.filter((id) => found.has(id))).toEqual([]);
  expect(undecided.length).toBeLessThanOrEqual(11);
  const open = catalogue.map(({ id }) => id).filter((id) => !found.has(id) && !undecided.includes(id));
  expect(open).toEqual(OWED);
});
