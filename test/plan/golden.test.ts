import { describe, expect, test } from "vitest";
import { planText } from "./plan-text.js";
import { cancelOf, fixOf } from "./planned.js";
import { recorded } from "./recorded.js";

const golden = (name: string): string =>
  new URL(`../../fixtures/golden/plan/${name}.txt`, import.meta.url).pathname;

describe("plans for recorded states of real clusters", () => {
  test("fix after v19's cancel", async () => {
    await expect(planText(fixOf(recorded("v19-cancelled")))).toMatchFileSnapshot(golden("fix-v19-cancelled"));
  });

  test("fix after v24's legacy cancel: no streams are left, the records come back", async () => {
    const plan = fixOf(recorded("legacy-cancelled-with-history-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-legacy-cancelled"));
  });

  test("fix after a person's deletion asks", async () => {
    await expect(planText(fixOf(recorded("deleted-by-person-v24")))).toMatchFileSnapshot(
      golden("fix-deleted-by-person"),
    );
  });

  test("fix of a completed source restores nothing", async () => {
    await expect(planText(fixOf(recorded("completed-with-history-v24")))).toMatchFileSnapshot(
      golden("fix-completed"),
    );
  });

  test("cancel of a running Reshard", async () => {
    await expect(planText(cancelOf(recorded("healthy-reshard-running-v24")))).toMatchFileSnapshot(
      golden("cancel-reshard-running"),
    );
  });

  test("cancel of a Reshard in its copy phase, data kept", async () => {
    const plan = cancelOf(recorded("healthy-reshard-copying-v24"), {
      workflow: "c3",
      keepData: true,
      restoreSecondaryKeys: true,
    });
    await expect(planText(plan)).toMatchFileSnapshot(golden("cancel-reshard-copying-kept"));
  });

  test("fix of rules that a cancel kept: those that say no more than the VSchema go", async () => {
    const plan = fixOf(recorded("keep-data-denied-v24"), {
      findings: ["routing-rules-orphan@customer+moved"],
    });
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-routing-rules-orphan"));
  });

  test("cancel of MoveTables", async () => {
    const plan = cancelOf(recorded("healthy-movetables-created-v24"), { keyspace: "moved", workflow: "m1" });
    await expect(planText(plan)).toMatchFileSnapshot(golden("cancel-movetables"));
  });
});
