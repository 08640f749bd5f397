import { describe, expect, test } from "vitest";
import { planText } from "./plan-text.js";
import { fixOf } from "./planned.js";
import { recorded } from "./recorded.js";

const golden = (name: string): string =>
  new URL(`../../fixtures/golden/plan/${name}.txt`, import.meta.url).pathname;

describe("plans that let a keyspace be served again", () => {
  test("reads that a cancel left on emptied shards", async () => {
    const plan = fixOf(recorded("cancel-after-read-switch-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-cancel-after-read-switch"));
  });

  test("writes that a cancel after the journal stopped", async () => {
    const plan = fixOf(recorded("cancelled-after-journal-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-cancelled-after-journal"));
  });

  test("a serving graph that is gone", async () => {
    const plan = fixOf(recorded("deleted-serving-graph-and-replica-record-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-deleted-serving-graph"));
  });
});
