import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { ranAllOf, runAdvised, runNext } from "./lab/printed.js";
import { elect } from "./lab/reshard.js";

const ALIAS = "zone1-0000000100";
const HASH = "6ace8bcef73211ea87e9f875a4d24e90";
const OLD = "20200915120410";

/** S21: what VDiff, Online DDL, garbage collection and two-phase commit leave in a sidecar database: each found alone, and gone with its repair. */
describe.skipIf(labMissing() !== null)("S21, the sidecar database", () => {
  let lab: Lab;
  let doctor: Doctor;
  let migration = "";

  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "customer");
    // Else each step of a migration takes a minute.
    await lab.tablet(100, "customer", "0", "replica", "zone1", { "migration-check-interval": "2s" });
    await elect(lab, "customer", "0", 100);
    await lab.ctl(
      "ApplySchema",
      "--sql",
      "create table customer(id bigint primary key, name int)",
      "customer",
    );
    await lab.ctl("RebuildKeyspaceGraph", "customer");
    doctor = new Doctor(lab);
  });
  afterAll(async () => lab?.down());

  const sql = (statement: string) => lab.sql(100, statement, "vt_customer");
  const seen = async () => (await doctor.scan("--settle", "0")).findings;
  const found = async () => ids(await doctor.scan("--settle", "0"));

  /** Found alone after `make`, and nothing after `undo`. */
  async function scene(id: string, make: string, undo: string): Promise<void> {
    await sql(make);
    expect(await found()).toEqual([id]);
    await sql(undo);
    expect(await found()).toEqual([]);
  }

  it("a migration that waits for its completion is said to wait, and not to be stale", async () => {
    expect(await found()).toEqual([]);
    const strategy = ["--ddl-strategy", "vitess --postpone-completion"];
    await lab.ctl(
      "ApplySchema",
      ...strategy,
      "--sql",
      "alter table customer add column more int",
      "customer",
    );
    await until("the migration to be ready", 120_000, async () => {
      migration = await sql("select migration_uuid from _vt.schema_migrations where ready_to_complete = 1");
      return migration !== "";
    });
    expect(await found()).toEqual([]);
    await sql(
      "update _vt.schema_migrations set ready_to_complete_timestamp = ready_to_complete_timestamp - interval 2 hour",
    );
    const [waits, ...others] = await seen();
    expect([waits?.id, others]).toEqual([`onlineddl-waiting-human@customer/${migration}`, []]);
    await runAdvised(doctor, waits, "vtctldclient OnlineDDL complete");
    await until("the migration to be complete", 60_000, async () => (await status()) === "complete");
    expect(await found()).toEqual([]);
  });

  const status = () => sql("select migration_status from _vt.schema_migrations");

  it("one whose row says running and whose stream stands is stale", async () => {
    await scene(
      `onlineddl-stale-running@customer/0/${migration}`,
      "update _vt.schema_migrations set migration_status = 'running', liveness_timestamp = now() - interval 10 minute",
      "update _vt.schema_migrations set migration_status = 'complete'",
    );
  });

  it("without its row, its stream and its table are nobody's, and go as the findings say", async () => {
    await sql("delete from _vt.schema_migrations");
    const [table, stream, ...others] = (await seen()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(table?.id).toMatch(/^migration-artifact-orphan@customer\/0\/_vt_vrp_/);
    expect([stream?.id, others]).toEqual([`onlineddl-stream-orphan@${ALIAS}/${migration}`, []]);
    await runNext(doctor, stream, { more: "--yes" });
    expect(await sql("select count(*) from _vt.vreplication")).toBe("0");
    await runAdvised(doctor, table, 'vtctldclient ExecuteFetchAsDBA zone1-0000000100 "rename');
    // Under its new name it is to be dropped, and nobody will for an hour.
    expect(await found()).toEqual(["gc-tables-overdue@customer/0"]);
    await sql(`drop table ${await sql("show tables like '\\_vt\\_hld%'")}`);
    expect(await found()).toEqual([]);
  });

  it("a table that was to be dropped years ago is overdue", async () => {
    const table = `_vt_hld_${HASH}_${OLD}_`;
    await scene(
      "gc-tables-overdue@customer/0",
      `create table ${table}(id int primary key)`,
      `drop table ${table}`,
    );
  });

  it("VDiffs of a workflow that is gone are deleted by fix", async () => {
    const columns = "(id, vdiff_uuid, workflow, keyspace, shard, db_name, state)";
    await sql(
      `insert into _vt.vdiff${columns} values (7, 'u', 'c1', 'customer', '0', 'vt_customer', 'completed'); insert into _vt.vdiff_table(vdiff_id, table_name) values (7, 'customer')`,
    );
    const [orphan, ...others] = await seen();
    expect([orphan?.id, others]).toEqual(["vdiff-orphan-rows@customer/c1", []]);
    await runNext(doctor, orphan, { more: "--yes" });
    expect(await sql("select count(*) from _vt.vdiff")).toBe("0");
    expect(await found()).toEqual([]);
  });

  it("copy state of a stream that is gone is told, and goes as the finding says", async () => {
    await sql("insert into _vt.copy_state(vrepl_id, table_name) values (99, 'customer')");
    const [rows, ...others] = await seen();
    expect([rows?.id, others]).toEqual([`vreplication-child-rows-orphan@${ALIAS}/copy_state`, []]);
    await runAdvised(doctor, rows, "vtctldclient ExecuteFetchAsDBA");
    expect(await found()).toEqual([]);
  });

  it("a distributed transaction that nobody ended, and one that a shard could not commit", async () => {
    await scene(
      "unresolved-distributed-transactions@customer/0",
      "insert into _vt.dt_state values ('customer:0:5', 1, (unix_timestamp() - 7200) * 1000000000)",
      "delete from _vt.dt_state",
    );
    await scene(
      "redo-failed@customer/0",
      "insert into _vt.redo_state values ('customer:0:5', 0, (unix_timestamp() - 7200) * 1000000000, 'no such table')",
      "delete from _vt.redo_state",
    );
  });

  ranAllOf("sidecar");
});
