import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emptyFacts, FACT_TABLES } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";

let snapshot: Snapshot;
beforeAll(() => {
  snapshot = Snapshot.of(emptyFacts());
});
afterAll(() => snapshot.close());

const TYPES: Readonly<Record<string, string>> = {
  TEXT: "string",
  INTEGER: "number",
  REAL: "number",
  BLOB: "Uint8Array",
};

/** `interface TopoKeyRow { readonly key: string; ... }` of a source file as table -> its fields. */
const interfaces = (file: string): ReadonlyMap<string, readonly string[]> => {
  const source = readFileSync(new URL(`../../src/snapshot/${file}`, import.meta.url), "utf8");
  const found = source.matchAll(/(?:export )?interface (\w+)Row \{\n([^}]*)\}/g);
  return new Map(
    [...found].map(([, name = "", body = ""]) => [
      name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
      body.split("\n").flatMap((line) => line.trim().replace(/^readonly |;$/g, "") || []),
    ]),
  );
};

const tables = (): readonly string[] =>
  snapshot
    .all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .map(({ name }) => name);

const fields = (table: string): readonly string[] =>
  snapshot
    .all<{ name: string; type: string; notnull: number }>(
      'SELECT name, type, "notnull" FROM pragma_table_info(?) ORDER BY cid',
      table,
    )
    .map(({ name, type, notnull }) => `${name}: ${TYPES[type]}${notnull ? "" : " | null"}`);

describe("the row types and schema.sql", () => {
  const facts = interfaces("facts.ts");
  const derived = interfaces("derived.ts");

  test("name the same tables", () => {
    expect([...facts.keys(), ...derived.keys()].sort()).toEqual(tables());
    expect([...FACT_TABLES].sort()).toEqual([...facts.keys()].sort());
    expect(Object.keys(emptyFacts())).toEqual(FACT_TABLES);
  });

  test.each([...facts, ...derived])("agree on %s", (table, expected) => {
    expect(fields(table)).toEqual(expected);
  });

  test("every table has a key and strict types, so that its order is its own", () => {
    const loose = snapshot.all(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' AND (strict = 0 OR wr = 0)",
    );
    expect(loose).toEqual([]);
  });
});
