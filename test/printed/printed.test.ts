import { expect, it } from "vitest";
import { OWED, RUN_BY_PATHS } from "./claims.js";
import { commandsIn } from "./commands.js";
import { inventory } from "./inventory.js";

it("every command that vtdoctor can print is run by a test of the lab, or owed by name", () => {
  const claimed = [...RUN_BY_PATHS, ...OWED];
  expect(inventory()).toEqual(claimed.toSorted());
  expect(new Set(claimed).size).toBe(claimed.length);
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
