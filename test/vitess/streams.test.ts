import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { finding, gone, runAdvised } from "./lab/printed.js";
import { elect, reshardCluster, running } from "./lab/reshard.js";

/** What goes wrong with the streams of running workflows: each is found, mended by the command that is advised, and found no more. */
describe.skipIf(labMissing() !== null)("streams that stand still, or are not what they seem", () => {
  let lab: Lab;
  let doctor: Doctor;
  afterAll(async () => lab.down());

  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab, {
      targets: { "-80": [200] },
      workflow: null,
      rows: 10,
      schema: ["create table corder(id bigint primary key, name varchar(64))"],
      vschemaTables: { corder: { column_vindexes: [{ column: "id", name: "hash" }] } },
    });
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
    await lab.tablet(400, "moved", "0");
    await elect(lab, "moved", "0", 400);
    await lab.ctl("RebuildKeyspaceGraph", "moved");
    doctor = new Doctor(lab);
    await materialize("m1", "customer");
    await running(lab, [400], "m1");
  });

  async function materialize(workflow: string, table: string, ...flags: string[]): Promise<void> {
    const settings = [
      { target_table: table, source_expression: `select * from ${table}`, create_ddl: "copy" },
    ];
    const name = ["--workflow", workflow, "--target-keyspace", "moved"];
    const from = ["--source-keyspace", "customer", "--table-settings", JSON.stringify(settings)];
    await lab.ctl("Materialize", ...name, "create", ...from, ...flags);
  }

  const stateOf = (workflow: string) =>
    lab.sql(400, `select state from _vt.vreplication where workflow = '${workflow}'`);

  const exec = (uid: number, statement: string) =>
    lab.ctl("LegacyVtctlCommand", "--", "VReplicationExec", `zone1-${uid}`, statement);

  const stoppedRow = (workflow: string, database: string): string =>
    `insert into _vt.vreplication(workflow, source, pos, max_tps, max_replication_lag, time_updated, transaction_timestamp, state, db_name, workflow_type, options)
     values ('${workflow}', 'keyspace:"moved" shard:"0" filter:{rules:{match:"t" filter:"select * from t"}}', '', 0, 0, 0, 0, 'Stopped', '${database}', 0, '{}')`;

  it("nothing is said of a stream that runs", async () => {
    const { findings } = await doctor.scan("--settle", "0");
    expect(findings.filter(({ rule }) => rule.includes("stream")).map(({ id }) => id)).toEqual([]);
  });

  it("a stream that ended in an error", async () => {
    await lab.sql(400, "insert into customer values (7000, 'theirs')", "vt_moved");
    await lab.sql(100, "insert into customer values (7000, 'ours')", "vt_customer");
    await until("the stream to fail", 60_000, async () => (await stateOf("m1")) === "Error");
    const said = await finding(doctor, "stream-error-terminal@moved.m1");
    expect([said.severity, said.state]).toEqual(["critical", "confirmed"]);
    expect(said.symptom).toContain("Duplicate entry '7000'");
    await lab.sql(400, "delete from customer where id = 7000", "vt_moved");
    await runAdvised(doctor, said, "vtctldclient Workflow --keyspace moved start");
    await until("the row to arrive", 60_000, async () =>
      (await lab.sql(400, "select name from customer where id = 7000", "vt_moved")).includes("ours"),
    );
    await gone(doctor, "stream-error-terminal");
  });

  it("a table that a stream writes into and that is not there", async () => {
    await lab.sql(400, "rename table customer to customer_away", "vt_moved");
    const said = await finding(doctor, "stream-table-missing@moved.m1");
    expect(said.symptom).toContain("does not have on 0: customer");
    await lab.sql(400, "rename table customer_away to customer", "vt_moved");
    await gone(doctor, "stream-table-missing");
  });

  it("a stream that fits no tablet of its source never starts", async () => {
    await materialize("m2", "corder", "--tablet-types", "rdonly");
    const said = await finding(doctor, "stream-no-source-tablet@moved.m2/customer/0");
    expect(said.symptom).toMatch(/none is (in_order:)?rdonly in zone1/);
    await runAdvised(doctor, said, "vtctldclient Workflow --keyspace moved update");
    await running(lab, [400], "m2");
    await gone(doctor, "stream-no-source-tablet");
  });

  it("a stream that was stopped", async () => {
    await lab.ctl("Workflow", "--keyspace", "moved", "stop", "--workflow", "m2");
    const said = await finding(doctor, "stream-stopped-unexpectedly@moved.m2");
    expect(said.severity).toBe("info");
    await runAdvised(doctor, said, "vtctldclient Workflow --keyspace moved start");
    await running(lab, [400], "m2");
    await gone(doctor, "stream-stopped-unexpectedly");
  });

  it("a stream without a workflow name", async () => {
    await exec(400, "update _vt.vreplication set workflow = '' where workflow = 'm2'");
    const said = await finding(doctor, "workflow-empty-name");
    const values = { NAME: "m2" };
    await runAdvised(
      doctor,
      said,
      'vtctldclient LegacyVtctlCommand -- VReplicationExec zone1-0000000400 "update',
      {
        values,
      },
    );
    await running(lab, [400], "m2");
    await gone(doctor, "workflow-empty-name");
  });

  it("rows of a database that the tablet does not have", async () => {
    await lab.sql(400, stoppedRow("old", "vt_other"));
    const said = await finding(doctor, "stream-foreign-db-name");
    await runAdvised(doctor, said, "vtctldclient ExecuteFetchAsDBA");
    await gone(doctor, "stream-foreign-db-name");
    expect(await stateOf("m1")).toBe("Running");
  });

  it("a stream on a shard that a Reshard is to fill", async () => {
    await exec(200, stoppedRow("ref", "vt_customer"));
    const said = await finding(doctor, "reshard-target-not-clean@customer/-80/ref");
    await runAdvised(doctor, said, "vtctldclient LegacyVtctlCommand -- VReplicationExec");
    await gone(doctor, "reshard-target-not-clean");
  });
});
