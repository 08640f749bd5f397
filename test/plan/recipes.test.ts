import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RECIPES } from "../../src/plan/gen/recipes.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";

const RULES = loadRules([SHIPPED_RULES]);
const NAMES = RECIPES.map(({ name }) => name);

const FILES = readdirSync("src/plan/recipes").sort();

/** Recipe -> the rules that name it, in their own repair or in a variant's. */
const namedBy = new Map<string, readonly string[]>();
for (const { id, repair, variants } of RULES)
  for (const { recipe } of [repair, ...(variants ?? []).flatMap((variant) => variant.repair ?? [])])
    if (recipe !== undefined) namedBy.set(recipe, [...(namedBy.get(recipe) ?? []), id]);

test("every recipe that a rule names exists", () => {
  expect([...namedBy.entries()].filter(([recipe]) => !NAMES.includes(recipe))).toEqual([]);
});

test("every recipe is named by a rule, and has the name of its file", () => {
  expect(NAMES.filter((name) => !namedBy.has(name))).toEqual([]);
  expect(NAMES.map((name) => `${name}.ts`)).toEqual(FILES);
});

test.each(FILES)("%s is a file of at most 60 lines", (file) => {
  const text = readFileSync(`src/plan/recipes/${file}`, "utf8");
  expect(text.split("\n").length - 1).toBeLessThanOrEqual(60);
});
