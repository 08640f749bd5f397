import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KINDS } from "../../src/plan/steps/index.js";
// @ts-expect-error: what runs without a build is no TypeScript.
import * as listed from "./mutants.mjs";

interface Mutant {
  readonly id: string;
  readonly patches: readonly { readonly file: string }[];
  readonly tests: readonly (readonly string[])[];
}
const { HANDFUL, mutantsOf, patched } = listed as {
  readonly HANDFUL: readonly string[];
  readonly mutantsOf: (kinds: object) => readonly Mutant[];
  readonly patched: (source: string, patch: object) => string;
};

const root = join(import.meta.dirname, "../..");
const mutants = mutantsOf(KINDS);
const ids = mutants.map(({ id }) => id);
const killers = JSON.parse(readFileSync(join(import.meta.dirname, "killers.json"), "utf8")) as Readonly<
  Record<string, string>
>;

test("each guard that npm run mutants removes is where the list says, once", () => {
  for (const { patches } of mutants)
    for (const patch of patches) patched(readFileSync(join(root, patch.file), "utf8"), patch);
  expect(new Set(ids).size).toBe(ids.length);
});

test("each test that should notice is there", () => {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" });
  const places = [...new Set(mutants.flatMap(({ tests }) => tests.flat()))];
  expect(places.filter((place) => !files.some((file) => file.startsWith(place)))).toEqual([]);
});

test("each guard was seen to be missed (npm run mutants -- --new --write), by a test that is there; CI removes some of them", () => {
  expect(ids.filter((id) => killers[id] === undefined)).toEqual([]);
  expect(HANDFUL.filter((id) => !ids.includes(id))).toEqual([]);
  expect(Object.keys(killers).filter((id) => !ids.includes(id))).toEqual([]);
  const files = Object.values(killers).map((killer) => killer.split(": ")[0] ?? "");
  expect(files.filter((file) => !existsSync(join(root, "test", file)))).toEqual([]);
});
