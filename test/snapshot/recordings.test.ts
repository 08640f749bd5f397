import { describe, expect, test } from "vitest";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";

const rows = <T>(recording: string, sql: string): readonly T[] => {
  const snapshot = Snapshot.of(factsOfRecording(recording));
  try {
    return snapshot.all<T>(sql);
  } finally {
    snapshot.close();
  }
};

const phases = (recording: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    rows<{ name: string; phase: string }>(
      recording,
      "SELECT keyspace || '.' || workflow AS name, phase FROM workflow ORDER BY name",
    ).map(({ name, phase }) => [name, phase]),
  );

describe("a workflow's phase on real clusters (docs/vitess.md#interrupted-switch, docs/vitess.md#interrupted-movetables)", () => {
  test.each([
    ["interrupted-switch-preflight-v24", { "customer.c2": "reads-switched" }],
    ["interrupted-cutover-catchup-v24", { "customer.c2": "cutover" }],
    [
      "interrupted-cutover-before-journal-v24",
      { "customer.c2": "cutover", "customer.c2_reverse": "stopped" },
    ],
    [
      "interrupted-cutover-after-journal-v24",
      { "customer.c2": "cutover-journaled", "customer.c2_reverse": "stopped" },
    ],
    [
      "interrupted-cutover-no-side-serving-v24",
      { "customer.c2": "cutover-journaled", "customer.c2_reverse": "stopped" },
    ],
    ["switched-stale-locks-v24", { "customer.c2": "switched", "customer.c2_reverse": "running" }],
    [
      "interrupted-cutover-movetables-journal-on-one-shard-v24",
      { "moved.m4": "cutover-journaled", "customer.m4_reverse": "stopped" },
    ],
    [
      "interrupted-cutover-movetables-after-journal-v24",
      { "moved.m6": "cutover-journaled", "customer.m6_reverse": "stopped" },
    ],
    ["healthy-reshard-copying-v24", { "customer.c3": "copying" }],
    ["healthy-reshard-running-v24", { "customer.c2": "running" }],
    ["healthy-reshard-running-v19", { "customer.c2": "running" }],
    ["healthy-reads-switched-v24", { "customer.c2": "reads-switched" }],
    ["healthy-after-switch-all-v24", { "customer.c2": "switched", "customer.c2_reverse": "running" }],
    ["healthy-movetables-created-v24", { "moved.m1": "running" }],
    ["healthy-movetables-switched-v24", { "moved.m1": "switched", "customer.m1_reverse": "running" }],
    ["journal-id-collision-v24", { "customer.c2": "switched" }],
    ["v19-cancelled", { "customer.c2": "orphaned" }],
    ["deleted-by-person-v24", { "customer.c2": "orphaned" }],
    ["cancelled-after-journal-v24", {}],
    ["legacy-cancelled-v24", {}],
  ])("%s", (recording, expected) => {
    expect(phases(recording)).toEqual(expected);
  });
});

test("the migration id of a workflow is the one that Vitess wrote into the journal (docs/vitess.md#journal-ids)", () => {
  const found = "SELECT migration_id, journal_found FROM workflow WHERE workflow = 'c2'";
  expect(rows("interrupted-cutover-after-journal-v24", found)).toEqual([
    { migration_id: "8200191490597391617", journal_found: 1 },
  ]);
  expect(rows("interrupted-cutover-before-journal-v24", found)).toEqual([
    { migration_id: "8200191490597391617", journal_found: 0 },
  ]);
});

describe("who deleted the records, by the locks that were alive (docs/vitess.md#deletion-intent)", () => {
  const deletions = (recording: string): readonly string[] =>
    rows<{ text: string }>(
      recording,
      `SELECT kind || ' ' || keyspace || '/' || shard || ' ' || alias || ': ' || operation || ' of ' || workflow || ' by ' || lock_action AS text
       FROM deletion ORDER BY text`,
    ).map(({ text }) => text.replace(/zone1-0000000/g, ""));

  const targets = (operation: string): readonly string[] => [
    `shard customer/-80 : ${operation}`,
    `shard customer/80- : ${operation}`,
    `shard_replication customer/-80 : ${operation}`,
    `shard_replication customer/80- : ${operation}`,
    `tablet customer/-80 200: ${operation}`,
    `tablet customer/-80 201: ${operation}`,
    `tablet customer/80- 300: ${operation}`,
  ];

  test("v19's Reshard cancel", () => {
    expect(deletions("v19-cancelled")).toEqual(targets("cancel of c2 by DropTargets"));
  });

  test("the legacy cancel, whose streams are gone, names no workflow", () => {
    expect(deletions("legacy-cancelled-with-history-v24")).toEqual(targets("cancel of  by DropTargets"));
  });

  test("a person's DeleteShards", () => {
    expect(deletions("deleted-by-person-v24")).toEqual(targets("delete-shard of c2 by DeleteShard"));
  });

  test("Reshard complete", () => {
    expect(deletions("completed-with-history-v24")).toEqual([
      "shard customer/0 : complete of c2 by DropSources",
      "shard_replication customer/0 : complete of c2 by DropSources",
      "tablet customer/0 100: complete of c2 by DropSources",
    ]);
  });

  test("what was deleted is kept in full, with who held the lock", () => {
    const [shard] = rows<{
      lock_host: string;
      lock_user: string;
      lock_taken_at: number;
      detail_json: string;
    }>(
      "v19-cancelled",
      "SELECT lock_host, lock_user, lock_taken_at, detail_json FROM deletion WHERE kind = 'shard' AND shard = '-80'",
    );
    expect(shard).toMatchObject({ lock_host: "vm", lock_taken_at: expect.any(Number) });
    expect(JSON.parse(shard?.detail_json ?? "")).toMatchObject({ primaryAlias: { cell: "zone1", uid: 200 } });
  });
});

describe("a stream is counted once", () => {
  test("though replica 201 shows the same row", () => {
    expect(
      rows("v19-cancelled", "SELECT alias, id, copies, engine_state, active FROM stream ORDER BY alias"),
    ).toEqual([
      { alias: "zone1-0000000200", id: 1, copies: 1, engine_state: "Running", active: 1 },
      { alias: "zone1-0000000300", id: 1, copies: 0, engine_state: "Running", active: 1 },
    ]);
  });

  test("with its source read", () => {
    expect(
      rows(
        "v19-cancelled",
        "SELECT s.source_keyspace, s.source_shard, r.match, r.filter FROM stream AS s JOIN stream_rule AS r USING (address, id) ORDER BY alias",
      ),
    ).toEqual([
      { source_keyspace: "customer", source_shard: "0", match: "/.*", filter: "-80" },
      { source_keyspace: "customer", source_shard: "0", match: "/.*", filter: "80-" },
    ]);
  });
});

describe("processes against the topology", () => {
  test("v19's cancel leaves three that no record names", () => {
    expect(
      rows("v19-cancelled", "SELECT alias, record, shard_record, same_cluster FROM process ORDER BY alias"),
    ).toEqual([
      { alias: "zone1-0000000100", record: "present", shard_record: "present", same_cluster: 1 },
      { alias: "zone1-0000000200", record: "absent", shard_record: "absent", same_cluster: 1 },
      { alias: "zone1-0000000201", record: "absent", shard_record: "absent", same_cluster: 1 },
      { alias: "zone1-0000000300", record: "absent", shard_record: "absent", same_cluster: 1 },
    ]);
  });

  test("a replica whose record alone was deleted", () => {
    expect(
      rows(
        "deleted-serving-graph-and-replica-record-v24",
        "SELECT alias FROM process WHERE record = 'absent' AND shard_record = 'present'",
      ),
    ).toEqual([{ alias: "zone1-0000000201" }]);
  });
});

describe("the serving graph", () => {
  test("no side serves between the two halves of the routing change", () => {
    expect(rows("interrupted-cutover-no-side-serving-v24", "SELECT * FROM range_fault")).toEqual([
      {
        keyspace: "customer",
        basis: "flags",
        kind: "gap",
        range_start: "",
        range_end: "",
        shards_json: '["-80","0","80-"]',
      },
    ]);
  });

  test.each(["healthy-reshard-running-v24", "healthy-after-switch-all-v24", "healthy-reads-switched-v24"])(
    "is whole in %s",
    (recording) => {
      expect(rows(recording, "SELECT * FROM range_fault")).toEqual([]);
      expect(
        rows(
          recording,
          `SELECT cell, keyspace, shard FROM shard CROSS JOIN cell WHERE is_primary_serving = 1 AND NOT EXISTS
             (SELECT 1 FROM srv_partition AS p WHERE (p.cell, p.keyspace, p.tablet_type, p.shard) = (cell.cell, shard.keyspace, 'PRIMARY', shard.shard))`,
        ),
      ).toEqual([]);
    },
  );

  test("reads that went to the targets are seen in partitions and controls", () => {
    expect(
      rows(
        "healthy-reads-switched-v24",
        "SELECT tablet_type, group_concat(shard, ' ') AS shards FROM srv_partition GROUP BY tablet_type",
      ),
    ).toEqual([
      { tablet_type: "PRIMARY", shards: "0" },
      { tablet_type: "RDONLY", shards: "-80 80-" },
      { tablet_type: "REPLICA", shards: "-80 80-" },
    ]);
    expect(
      rows(
        "healthy-reads-switched-v24",
        "SELECT tablet_type, shard FROM srv_control WHERE query_service_disabled = 1",
      ),
    ).toEqual([
      { tablet_type: "RDONLY", shard: "0" },
      { tablet_type: "REPLICA", shard: "0" },
    ]);
  });
});

describe("routing and denial of MoveTables (docs/vitess.md#movetables-records)", () => {
  test("as created", () => {
    expect(
      rows("healthy-movetables-created-v24", "SELECT keyspace, shard, table_name FROM denied_table"),
    ).toEqual([{ keyspace: "moved", shard: "0", table_name: "corder" }]);
    expect(
      rows("healthy-movetables-created-v24", "SELECT count(*) AS n FROM routing_rule WHERE scope = 'global'"),
    ).toEqual([{ n: 9 }]);
  });

  test("the cells' copies of the rules lag behind in an interrupted switch (docs/vitess.md#interrupted-movetables)", () => {
    expect(
      rows(
        "interrupted-cutover-movetables-after-journal-v24",
        `SELECT g.from_table FROM routing_rule AS g JOIN routing_rule AS c USING (from_table)
         WHERE g.scope = 'global' AND c.scope = 'zone1' AND g.to_tables_json <> c.to_tables_json ORDER BY 1`,
      ).length,
    ).toBeGreaterThan(0);
  });
});

describe("locks", () => {
  test("a dead vtctld's locks are all there, and name their workflow", () => {
    expect(
      rows(
        "interrupted-cutover-movetables-after-journal-v24",
        "SELECT kind, keyspace, workflow, action, holder FROM topo_lock ORDER BY kind, keyspace",
      ),
    ).toEqual([
      { kind: "keyspace", keyspace: "customer", workflow: null, action: "SwitchWrites", holder: 1 },
      { kind: "keyspace", keyspace: "moved", workflow: null, action: "SwitchWrites", holder: 1 },
      { kind: "workflow", keyspace: "moved", workflow: "m6", action: "WorkflowSwitchTraffic", holder: 1 },
    ]);
  });

  test("a named lock is one of both sides of its workflow, whichever side's streams still show it", () => {
    const facts = factsOfRecording("interrupted-cutover-movetables-after-journal-v24");
    const other = (name: string, streams: string) => {
      const snapshot = Snapshot.of({
        ...facts,
        topo_key: facts.topo_key.map((row) => ({ ...row, key: row.key.replace("moved/m6/", `${name}/`) })),
        vreplication: facts.vreplication.filter(({ workflow }) => workflow === streams),
      });
      const found = snapshot.all("SELECT other_keyspace FROM operation WHERE workflow <> ''");
      snapshot.close();
      return found;
    };
    for (const streams of ["m6", "m6_reverse"]) {
      expect(other("moved/m6", streams)).toEqual([{ other_keyspace: "customer" }]);
      expect(other("customer/m6_reverse", streams)).toEqual([{ other_keyspace: "moved" }]);
    }
    expect(other("moved/m7", "m6")).toEqual([{ other_keyspace: "" }]);
  });

  test("a named lock that is an hour old explains nothing, though it lives for a day (docs/vitess.md#locks-after-a-crash)", () => {
    const facts = factsOfRecording("interrupted-cutover-after-journal-v24");
    const later = facts.meta.map(({ name, value }) =>
      name === "taken_at_ms" ? { name, value: String(Number(value) + 3_600_000) } : { name, value },
    );
    const operations = (meta: typeof later) => {
      const snapshot = Snapshot.of({ ...facts, meta });
      const found = snapshot.all<{ action: string }>("SELECT action FROM operation ORDER BY action");
      snapshot.close();
      return found.map(({ action }) => action);
    };
    expect(operations([...facts.meta])).toEqual(["SwitchWrites", "WorkflowSwitchTraffic"]);
    expect(operations(later)).toEqual([]);
  });
});

test.each([
  "healthy-reshard-running-v24",
  "healthy-movetables-switched-v24",
  "v19-cancelled",
  "completed-with-history-v24",
  "legacy-cancelled-with-history-v24",
])("%s: every record is readable, and nothing looks like a restored backup", (recording) => {
  expect(rows(recording, "SELECT * FROM undecodable_key")).toEqual([]);
  expect(rows(recording, "SELECT * FROM unparsable_source")).toEqual([]);
  expect(rows(recording, "SELECT * FROM restored_topology")).toEqual([]);
  expect(rows(recording, "SELECT * FROM unanswered")).toEqual([]);
});
