import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emptyFacts, FACT_TABLES } from "../../src/snapshot/facts.js";
import { TABLES } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";

let snapshot: Snapshot;
beforeAll(() => {
  snapshot = Snapshot.of(emptyFacts());
});
afterAll(() => snapshot.close());

describe("what is written from schema.sql", () => {
  test("is up to date (npm run schema)", () => {
    expect(execFileSync(process.execPath, ["schema.mjs", "--check"], { encoding: "utf8" })).toBe("");
  });

  test("names every table, the facts first", () => {
    const tables = snapshot.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'");
    expect(Object.keys(TABLES)).toEqual(tables.map(({ name }) => name));
    expect(Object.keys(TABLES).slice(0, FACT_TABLES.length)).toEqual(FACT_TABLES);
  });
});

test("every table has a key and strict types, so that its order is its own", () => {
  const loose = snapshot.all(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' AND (strict = 0 OR wr = 0)",
  );
  expect(loose).toEqual([]);
});
