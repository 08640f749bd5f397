import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { NOT_ON_A_LAB, OWED, RUN_BY } from "./claims.js";
import { commandsIn } from "./commands.js";
import { inventory } from "./inventory.js";

const isOwed = (entry: string): boolean =>
  OWED.some((rule) => new RegExp(`^${rule}: (vtctldclient|etcdctl) `).test(entry));

it("every command that vtdoctor can print is run by a test in the state that prints it", () => {
  const claimed = [...Object.values<readonly string[]>(RUN_BY).flat(), ...Object.keys(NOT_ON_A_LAB)];
  const owed = inventory().filter((entry) => !claimed.includes(entry) && isOwed(entry));
  expect(inventory().filter((entry) => !owed.includes(entry))).toEqual(claimed.toSorted());
  expect(OWED.filter((rule) => !owed.some((entry) => entry.startsWith(`${rule}: `)))).toEqual([]);
  expect(new Set(claimed).size).toBe(claimed.length);
});

it("a file that answers for commands checks at its end that it ran them", () => {
  for (const file of Object.keys(RUN_BY)) {
    const [test, scenes] = [`test/vitess/${file}.test.ts`, `test/vitess/lab/${file}-scenes.ts`];
    const text = [test, scenes].filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"));
    expect(text.join("\n"), test).toContain(`ranAllOf("${file}")`);
  }
});

it("a command is found between backticks and in a sentence, up to where that goes on", () => {
  const said =
    "if not: vtctldclient DeleteShards --recursive customer/-80, then `vtctldclient GetRoutingRules > rules.json`, or vtdoctor lets vtctld do it";
  expect(commandsIn(said)).toEqual([
    { text: "vtctldclient GetRoutingRules > rules.json", shape: "vtctldclient GetRoutingRules" },
    {
      text: "vtctldclient DeleteShards --recursive customer/-80",
      shape: "vtctldclient DeleteShards --recursive",
    },
  ]);
});
