import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sources } from "./sources.js";
import { EXAMPLES, filesOf, namingExample, table } from "./to-add.js";

const house = sources();

describe("to add something, as ARCHITECTURE.md says", () => {
  it("has an example for each row", () => {
    expect(table().map(({ example }) => example)).toEqual(Object.keys(EXAMPLES));
  });

  describe.each(table().map((row) => [row.what, row] as const))("%s", (_, row) => {
    const files = filesOf(row);
    const inSrc = files.filter((path) => path.startsWith("src/"));

    it("touches files that are there, as many of src as it says", () => {
      expect(files.filter((path) => !existsSync(path))).toEqual([]);
      expect(inSrc).toHaveLength(row.limit);
    });

    it("touches no other file: none names the example but to use it", () => {
      const named = namingExample(house, row);
      expect(named.filter((path) => !inSrc.includes(`src/${path}`))).toEqual([]);
      if (row.limit > 0) expect(named.length).toBeGreaterThan(0);
    });

    it("is told what is missing by tests that are there", () => {
      expect(row.tests.filter((path) => !existsSync(path))).toEqual([]);
    });
  });
});
