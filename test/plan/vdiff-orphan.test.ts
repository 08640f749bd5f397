import { expect, test } from "vitest";
import type { Facts } from "../../src/snapshot/facts.js";
import type { VdiffRow } from "../../src/snapshot/gen/tables.js";
import { findingsOf, fixOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

const vdiff = (address: string, workflow: string, state = "completed"): VdiffRow => ({
  ...{ address, id: 1, vdiff_uuid: `of-${workflow}`, workflow, keyspace: "customer", shard: "", state },
  ...{ db_name: "vt_customer", created_at: 1000, started_at: 1000, updated_at: 1000, completed_at: null },
  ...{ last_error: null, observed_at: 2000 },
});

const running = recorded("healthy-reshard-running-v24");
const TARGETS = ["127.0.0.1:16200", "127.0.0.1:16300"];
/** Both targets, and the replica of one, keep VDiffs of c1; one has a VDiff of c2, which runs. */
const left: Facts = {
  ...running,
  vdiff: [
    ...TARGETS.map((at) => vdiff(at, "c1")),
    vdiff("127.0.0.1:16201", "c1"),
    { ...vdiff("127.0.0.1:16200", "c2"), id: 2 },
  ],
};

test("VDiffs of a workflow that no tablet has go on every primary, and no others", () => {
  const plan = fixOf(left);
  expect(plan.repairs).toEqual(["vdiff-orphan-rows@customer/c1"]);
  expect(kinds(plan)).toEqual(["vdiff.delete", "vdiff.delete"]);
  const [stage] = plan.stages;
  expect(stage?.locks).toEqual([{ kind: "workflow", keyspace: "customer", workflow: "c1" }]);
  expect(stage?.steps).toMatchObject([
    { tablet: { alias: "zone1-0000000200" }, workflow: "c1" },
    { tablet: { alias: "zone1-0000000300" }, workflow: "c1" },
  ]);
});

test("it rests on nobody making a workflow of that name", () => {
  expect(fixOf(left).premises).toMatchObject([
    { kind: "stream-rows", workflow: "c1", dbName: "vt_customer", ids: [] },
    { kind: "stream-rows", workflow: "c1", dbName: "vt_customer", ids: [] },
  ]);
  const again = { ...left, vreplication: left.vreplication.map((row) => ({ ...row, workflow: "c1" })) };
  const plan = fixOf(again, {}, findingsOf(left));
  expect(plan.stages).toEqual([]);
  expect(plan.blocked).toMatchObject([{ reason: "customer.c1 has streams" }]);
});

test("VDiffs that went meanwhile are nothing to do", () => {
  const plan = fixOf(running, {}, findingsOf(left));
  expect(plan.stages).toEqual([]);
  expect(plan.blocked).toMatchObject([{ reason: "no primary has a VDiff of customer.c1" }]);
});
