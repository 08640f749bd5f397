import { expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rules/load.js";

it("loads every shipped rule", () => {
  expect(loadRules([SHIPPED_RULES]).map(({ id }) => id)).toMatchInlineSnapshot(`
    [
      "cancelled-workflow-target-residue",
      "restored-topology",
      "retired-shard-still-running",
      "shard-missing-live-tablets",
      "shard-never-had-primary",
      "shard-record-without-tablets",
      "stream-on-unlisted-tablet",
      "stream-source-shard-missing",
      "tablet-record-missing-live-process",
      "topo-lock-stale",
    ]
  `);
});
