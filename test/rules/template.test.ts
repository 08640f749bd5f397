import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shellWord, sqlLiteral, templateOf } from "../../src/rules/template.js";
import { createDatabase, selectAll } from "../../src/snapshot/database.js";

const filled = (text: string, row: Record<string, string | number | null>) => templateOf(text).render(row);

describe("filters", () => {
  it.each([
    ["{n|count tablet}", { n: 1 }, "1 tablet"],
    ["{n|count tablet}", { n: 3 }, "3 tablets"],
    ["{n|count copy/copies}", { n: 0 }, "0 copies"],
    ["{t|time}", { t: 1795521590 }, "2026-11-24T11:59:50Z"],
    ["{s|duration}", { s: 119 }, "119 s"],
    ["{s|duration}", { s: 600 }, "10 min"],
    ["{s|duration}", { s: 86_400 }, "24 h"],
    ["{s|duration}", { s: 400_000 }, "5 d"],
    ["one{n|plus more}", { n: 0 }, "one"],
    ["one{n|plus stream}", { n: 2 }, "one and 2 streams"],
    ["{ms|seconds}", { ms: 1540 }, "1.5 s"],
    ["{b|size}", { b: 1025 }, "2 KiB"],
    ["{b|size}", { b: 1_572_864 }, "1.5 MiB"],
    ["{b|size}", { b: 2 ** 31 }, "2.0 GiB"],
    ["{j|list}", { j: '["a","b","c"]' }, "a, b and c"],
    ["{j|list}", { j: "[]" }, "nothing"],
    ["{p|tail}", { p: `MySQL56/${"0".repeat(36)}:1-44` }, `...${"0".repeat(15)}:1-44`],
    ["{x} {x|time}", { x: null }, "(unknown) (unknown)"],
  ])("%s of %o", (text, row, expected) => {
    expect(filled(text, row)).toBe(expected);
  });

  it("fail on a column that is not there", () => {
    expect(() => filled("{a}", { b: 1 })).toThrow("there is no column 'a'");
  });
});

describe("a name that a cluster chose", () => {
  const name = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !text.includes("\0"));

  it("stays one literal in SQL", () => {
    const db = createDatabase();
    fc.assert(
      fc.property(name, (given) => {
        const query = templateOf("SELECT {name} AS name").render({ name: given }, sqlLiteral);
        expect(selectAll(db, query)).toEqual([{ name: given }]);
      }),
    );
    db.close();
  });

  it("stays one word in a shell", () => {
    const words = ["customer/-80", "a b", "it's", "$(reboot)", "a;b", "`x`", "*", "-80", "ü"];
    const command = templateOf("printf '%s\\n' -- {name}");
    for (const word of words) {
      const line = command.render({ name: word }, shellWord);
      expect(execFileSync("sh", ["-c", line], { encoding: "utf8" })).toBe(`--\n${word}\n`);
    }
  });
});
