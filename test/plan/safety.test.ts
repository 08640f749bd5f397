import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { KINDS } from "../../src/plan/steps/index.js";

const lines = readFileSync(new URL("../../docs/safety.md", import.meta.url), "utf8").split("\n");

const rows = lines
  .filter((line) => /^\| `\w+\.[\w-]+` \|/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

it("docs/safety.md says of each kind of step what its declaration says", () => {
  const declared = Object.entries(KINDS).map(([name, { class: consent, destroys, guards }]) => [
    `\`${name}\``,
    typeof consent === "string" ? consent : "told from the step",
    destroys,
    Object.keys(guards).join(", ") || "-",
  ]);
  expect(rows.map((row) => row.slice(0, 4)).toSorted()).toEqual(declared.toSorted());
});

it("and of each what can still change", () => {
  for (const [step, , , , gap = ""] of rows) expect(gap.length, step).toBeGreaterThan(10);
});

it("and by which tests that is held", () => {
  const held = lines.flatMap((line) => /^- `([\w.-]+)`: \[test\//.exec(line)?.[1] ?? []);
  expect(held.toSorted()).toEqual(Object.keys(KINDS).toSorted());
});
