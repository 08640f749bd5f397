import { expect, test } from "vitest";
import type { SchemaMigrationRow } from "../../src/snapshot/gen/tables.js";
import { operatorAt } from "../cli/harness.js";
import { migrated, UUID } from "../crash/stream-scenes.js";
import { findingsOf, fixOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

test("the stream of a migration that has no row is ended", async () => {
  const cluster = migrated.build();
  const said = await operatorAt(cluster).write(
    `fix onlineddl-stream-orphan@zone1-0000000100/${UUID} --settle 31s --yes`,
  );
  expect([said.code, said.err, migrated.left(cluster)]).toEqual([0, expect.any(String), []]);
});

const ADDRESS = "127.0.0.1:16200";
const recording = recorded("healthy-reshard-running-v24");
const left = {
  ...recording,
  vreplication: recording.vreplication.map((row) =>
    row.address === ADDRESS ? { ...row, workflow: UUID, workflow_type: 5, state: "Stopped" } : row,
  ),
};
const found = findingsOf(left).filter(({ rule }) => rule === "onlineddl-stream-orphan");

const KNOWN: SchemaMigrationRow = {
  ...{ address: ADDRESS, uuid: UUID, keyspace: "customer", shard: "-80", db_name: "vt_customer" },
  ...{ table_name: "customer", strategy: "vitess", options: "", ddl_action: "alter", status: "complete" },
  ...{ stage: "", tablet: "", retries: 0, postpone_launch: 0, postpone_completion: 0, ready_to_complete: 1 },
  ...{ added_at: 1, requested_at: 1, ready_at: 1, started_at: 1, liveness_at: 1, ready_to_complete_at: 1 },
  ...{ completed_at: 1, cleanup_at: null, artifacts: "", message: "", shape: "", observed_at: 2000 },
};

test("it is stopped, proven stopped, deleted and proven gone, under its workflow's and its keyspace's lock", () => {
  const plan = fixOf(left, {}, found);
  expect(kinds(plan)).toEqual([
    "stream.stop",
    "stream.verify-stopped",
    "stream.delete",
    "stream.verify-gone",
  ]);
});

test("where the migration is there by now its stream stays: a REVERT needs it", () => {
  const plan = fixOf({ ...left, schema_migration: [KNOWN] }, {}, found);
  expect(plan.stages).toEqual([]);
  expect(plan.blocked.map(({ reason }) => reason)).toContainEqual(
    expect.stringContaining("was not cleaned up"),
  );
});

test("where another process says that it is that tablet too, nothing is stopped on either", () => {
  const [copy] = left.live_tablet.filter(({ address }) => address === ADDRESS);
  if (copy === undefined) throw new Error(`nobody answers at ${ADDRESS}`);
  const twice = { ...left, live_tablet: [...left.live_tablet, { ...copy, address: "127.0.0.1:16999" }] };
  const plan = fixOf(twice, {}, found);
  expect(plan.stages).toEqual([]);
  expect(plan.blocked.map(({ reason }) => reason)).toContainEqual(expect.stringContaining("that tablet too"));
});
