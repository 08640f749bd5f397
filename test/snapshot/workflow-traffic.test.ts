import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";

const RECORDINGS = new URL("../../fixtures/recordings", import.meta.url);

/** What a recording tells of its workflows' traffic, and which expected records are not there. */
const told = (recording: string) => {
  const snapshot = Snapshot.of(factsOfRecording(recording));
  try {
    const traffic = snapshot
      .rows("workflow_traffic")
      .map(
        ({ keyspace, workflow, shape, writes, replica, rdonly }) =>
          `${keyspace}.${workflow} ${shape} ${[writes, replica, rdonly].map((side) => side || "-").join(" ")}`,
      );
    const missing = [
      ...snapshot.all<{ what: string }>(
        `SELECT 'rule ' || e.from_table AS what FROM expected_routing e WHERE NOT EXISTS (SELECT 1 FROM routing_rule r
           WHERE r.scope = 'global' AND r.from_table = e.from_table AND r.to_tables_json = json_array(e.to_keyspace || '.' || e.table_name)) ORDER BY 1`,
      ),
      ...snapshot.all<{ what: string }>(
        `SELECT 'denial ' || e.shard_keyspace || '/' || e.shard || ' ' || e.table_name AS what FROM expected_denial e LEFT JOIN denied_table d
           ON d.keyspace = e.shard_keyspace AND d.shard = e.shard AND d.table_name = e.table_name WHERE d.shard IS NULL ORDER BY 1`,
      ),
      ...snapshot.all<{ what: string }>(
        `SELECT 'serving ' || e.shard AS what FROM expected_serving e JOIN shard s USING (keyspace, shard)
           WHERE s.is_primary_serving <> e.is_primary_serving ORDER BY 1`,
      ),
    ].map(({ what }) => what);
    return { traffic, missing };
  } finally {
    snapshot.close();
  }
};

describe("of real clusters", () => {
  test.each([
    ["healthy-reshard-copying-v24", ["customer.c3 shards source source source"]],
    ["healthy-reshard-running-v19", ["customer.c2 shards source source source"]],
    ["healthy-reads-switched-v24", ["customer.c2 shards source target target"]],
    [
      "healthy-after-switch-all-v24",
      ["customer.c2 shards target target target", "customer.c2_reverse reverse - - -"],
    ],
    [
      "interrupted-cutover-after-journal-v24",
      ["customer.c2 shards - target target", "customer.c2_reverse reverse - - -"],
    ],
    ["healthy-movetables-created-v24", ["moved.m1 tables source source source"]],
    [
      "healthy-movetables-switched-v24",
      ["customer.m1_reverse reverse - - -", "moved.m1 tables target target target"],
    ],
    [
      "interrupted-cutover-movetables-after-journal-v24",
      ["customer.m6_reverse reverse - - -", "moved.m6 tables - target target"],
    ],
  ])("%s", (recording, traffic) => {
    expect(told(recording)).toEqual({ traffic, missing: [] });
  });

  test.each(readdirSync(RECORDINGS).filter((name) => name.startsWith("healthy-")))(
    "%s has the records that it has to have",
    (name) => {
      expect(told(name).missing).toEqual([]);
    },
  );
});
