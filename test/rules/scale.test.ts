import { expect, it } from "vitest";
import type { Finding } from "../../src/findings/finding.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { judge } from "../../src/rules/judge.js";
import type { Queryable } from "../../src/rules/rule.js";
import { createDatabase, insertRows, selectAll, selectRows } from "../../src/snapshot/database.js";

const TABLETS = 9_000;
const SHARDS_PER_KEYSPACE = 100;

/**
 * Shards of three tablets, two streams on each: names only, in the tables that rules read. `lost`: the shards, counted from 0, whose records and
 * those of their tablets are gone, while their processes run on.
 */
const largeCluster = (lost: (shard: number) => boolean = () => false): Queryable => {
  const db = createDatabase();
  const tablets = Array.from({ length: TABLETS }, (_, i) => {
    const shard = Math.floor(i / 3);
    return {
      ...{
        alias: `zone1-${String(i).padStart(10, "0")}`,
        uid: i,
        cell: "zone1",
        address: `h${i}:1`,
        key: `/t/${i}`,
        listed: 1,
      },
      ...{
        keyspace: `k${Math.floor(shard / SHARDS_PER_KEYSPACE)}`,
        shard: `s${shard}`,
        type: i % 3 ? "REPLICA" : "PRIMARY",
      },
      ...{
        hostname: `h${i}`,
        grpc_port: 1,
        http_port: 1,
        mysql_host: "",
        mysql_port: 1,
        db_name: "d",
        tags_json: "{}",
      },
      ...{
        server: "etcd",
        create_revision: 1,
        revision: 1,
        same_cluster: 1,
        record: lost(shard) ? "absent" : "present",
        shard_record: lost(shard) ? "absent" : "present",
      },
      ...{
        server_id: i + 1,
        server_uuid: `u${i}`,
        source_uuid: i % 3 ? `u${i - (i % 3)}` : "",
        source_host: i % 3 ? "h" : "",
      },
      ...{ source_port: 1, io_state: 3, sql_state: 3, read_only: i % 3 ? 1 : 0, backup_running: 0 },
      ...{ semi_sync_source: 0, semi_sync_replica: 0, semi_sync_waits: 0, semi_sync_wait_count: 0 },
      ...{ semi_sync_clients: 0, semi_sync_blocked: 0 },
      ...{ witnesses: "topology", observed_at: 1, observed_at_ms: 1000, term_start: 1 },
    };
  });
  const streams = tablets.flatMap((tablet) =>
    [1, 2].map((id) => ({
      ...{
        ...tablet,
        id,
        workflow: `w${id}`,
        kind: "Reshard",
        source_keyspace: tablet.keyspace,
        source_shard: tablet.shard,
      },
      ...{
        source_external: "",
        source: "",
        state: "Running",
        active: 1,
        frozen: 0,
        message: "",
        pos: "MySQL56/u:1-9",
        copying: 0,
        copies: 0,
      },
      channel: "grpc",
    })),
  );
  const shards = tablets
    .filter(({ type, record }) => type === "PRIMARY" && record === "present")
    .map((tablet, i) => ({
      ...tablet,
      range_start: "",
      range_end: "",
      primary_alias: tablet.alias,
      is_primary_serving: i % 2,
    }));
  insertRows(db, "topo_server", [{ server: "etcd", revision: 1, horizon: 1, answered: 1 }]);
  insertRows(db, "topo_root", [{ name: "global", server: "etcd", root: "/v" }]);
  insertRows(db, "cell", [
    { cell: "zone1", server: "etcd", root: "/v", answered: 0, key: "/c", revision: 1 },
  ]);
  for (const table of ["process", "live_tablet", "replication"]) insertRows(db, table, tablets);
  const recorded = tablets.filter(({ record }) => record === "present");
  for (const table of ["tablet", "shard_replication"])
    insertRows(
      db,
      table,
      recorded.map((row) => ({ ...row, listed: 1 })),
    );
  for (const table of ["stream", "vreplication"]) insertRows(db, table, streams);
  insertRows(db, "shard", shards);
  insertRows(db, "workflow", workflowsOf(shards));
  const keyspaces = new Set(recorded.map(({ keyspace }) => keyspace));
  insertRows(
    db,
    "keyspace",
    [...keyspaces].map((keyspace) => ({
      ...{
        keyspace,
        keyspace_type: "NORMAL",
        base_keyspace: "",
        durability_policy: "none",
        sidecar_db_name: "",
      },
      ...{ server: "etcd", key: `/k/${keyspace}`, revision: 1 },
    })),
  );
  return {
    all: (sql, ...params) => selectAll(db, sql, params),
    rows: (table, where) => selectRows(db, table, where),
  };
};

/** What the streams are of, into every shard of their keyspace. */
const workflowsOf = (shards: readonly { readonly keyspace: string; readonly shard: string }[]) =>
  [...new Set(shards.map(({ keyspace }) => keyspace))].flatMap((keyspace) => {
    const own = shards.filter((each) => each.keyspace === keyspace).map(({ shard }) => shard);
    return ["w1", "w2"].map((workflow) => ({
      ...{ keyspace, workflow, kind: "Reshard", migration: "tables", source_keyspace: keyspace },
      ...{ phase: "running", is_reverse: 0, streams: own.length, active: own.length },
      ...{ migration_id: "", journal_found: 0 },
      ...{ target_shards_json: JSON.stringify(own), source_shards_json: "[]" },
    }));
  });

/** CPU of this process: other processes do not make it longer. */
const judged = (
  cluster: Queryable,
): { readonly findings: readonly Finding[]; readonly cpuSeconds: number } => {
  const rules = loadRules([SHIPPED_RULES]);
  const before = process.cpuUsage();
  const findings = judge(cluster, rules, { now: 0, earlier: null, suppressions: [] });
  const { user, system } = process.cpuUsage(before);
  return { findings, cpuSeconds: (user + system) / 1_000_000 };
};

// The budget (docs/performance.md#budgets-and-what-was-seen) is 5 s for 100,000 tablets. A plan that is quadratic needs minutes here
// already.
it("judges 9,000 tablets and 18,000 streams without a quadratic plan", () => {
  const { findings, cpuSeconds } = judged(largeCluster());
  expect(findings.slice(0, 3)).toEqual([]);
  expect(cpuSeconds).toBeLessThan(5);
});

// Each finding asks for its own evidence, so a sick cluster takes longer; but in proportion.
it("judges the same cluster when a third of its shards is lost", () => {
  const { findings, cpuSeconds } = judged(largeCluster((shard) => shard % 3 === 0));
  const count = (rule: string): number => findings.filter((each) => each.rule === rule).length;
  expect(count("shard-missing-live-tablets")).toBe(1_000);
  expect(count("tablet-record-missing-live-process")).toBe(3_000);
  expect(cpuSeconds).toBeLessThan(10);
});
