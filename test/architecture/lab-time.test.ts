import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
// @ts-expect-error: what runs without a build is no TypeScript.
import * as labs from "../vitess/lab/labs.mjs";
import { byTime, SECONDS } from "../vitess/lab/shards.js";

const { LABS } = labs as { readonly LABS: number };

/** What CI has for the real clusters, seconds: the whole of it ends after 45 minutes, of which installing and the fast tests take some. */
const LIMIT = 38 * 60;
const FILES = readdirSync("test/vitess")
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `test/vitess/${name}`);

describe("the real clusters in CI", () => {
  it("are split into as many shards as labs run beside each other, each file in one, by what it takes", () => {
    const shards = byTime(FILES, LABS);
    expect(shards.flatMap(({ files }) => files).toSorted()).toEqual(FILES.toSorted());
    const took = shards.map(({ seconds }) => seconds);
    expect(Math.max(...took) - Math.min(...took)).toBeLessThan(90);
  });

  it("end in time; what is exhaustive belongs into npm run soak -- --lab", () => {
    expect(Math.max(...byTime(FILES, LABS).map(({ seconds }) => seconds))).toBeLessThanOrEqual(LIMIT);
  });

  it("are measured, and no file that is gone", () => {
    expect(Object.keys(SECONDS).filter((file) => !FILES.includes(file))).toEqual([]);
  });

  it("take a file that was not measured yet for one of middle length", () => {
    const known = { a: 10, b: 30, c: 50 };
    expect(byTime(["a", "b", "c", "new"], 2, known)).toEqual([
      { files: ["c", "a"], seconds: 60 },
      { files: ["b", "new"], seconds: 60 },
    ]);
  });
});
