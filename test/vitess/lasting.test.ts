import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor, ids, type ScanDocument } from "./lab/doctor.js";
import { Lab, labMissing, TWO_CELLS, until } from "./lab/lab.js";
import { curedBy, finding, ranAllOf } from "./lab/printed.js";
import { elect } from "./lab/reshard.js";

/** What test/harm/healthy.test.ts plays on the simulator, on real Vitess: states that are healthy for as long as they last. */
describe.skipIf(labMissing() !== null)("S9, what is still to come or on its way out is no alarm", () => {
  let lab: Lab;
  let doctor: Doctor;

  beforeAll(async () => {
    lab = await Lab.up({ version: "24", cells: TWO_CELLS });
    doctor = new Doctor(lab);
    for (const keyspace of ["far", "fresh", "near", "wide"]) await createKeyspace(keyspace);
    await lab.ctl("ApplyVSchema", "--vschema", '{"sharded": true}', "wide");
    await lab.ctl(
      ...["CreateKeyspace", "--type", "SNAPSHOT", "--base-keyspace", "far"],
      ...["--snapshot-timestamp", "2026-01-01T00:00:00Z", "snap"],
    );
    await Promise.all([
      lab.tablet(100, "far", "0", "replica", "zone2"),
      lab.tablet(101, "far", "0"),
      lab.tablet(110, "fresh", "0"),
      lab.tablet(112, "snap", "0"),
      // The same bounds in other bytes.
      lab.tablet(140, "wide", "-0003"),
      lab.tablet(141, "wide", "000300-"),
      ...[150, 151, 152].map((uid) => lab.tablet(uid, "near", "0", "replica", "zone1", SLOW_TO_END)),
    ]);
    await elect(lab, "far", "0", 100, "zone2");
    await elect(lab, "near", "0", 150);
    await elect(lab, "wide", "-0003", 140);
    await elect(lab, "wide", "000300-", 141);
    for (const keyspace of ["near", "wide"]) await lab.ctl("RebuildKeyspaceGraph", keyspace);
    await lab.ctl("ApplySchema", "--sql", "create table item(id bigint primary key)", "near");
    await lab.ctl("RemoveKeyspaceCell", "near", "zone2");
    await lab.ctl("ChangeTabletType", "zone1-152", "BACKUP");
    await lab.tablet(120, "far", "-80", "replica", "zone1", {
      "restore-from-backup=true": "",
      "wait-for-backup-interval": "30s",
      "backup-storage-implementation": "file",
      "file-backup-storage-root": join(lab.dir, "no-backups"),
    });
    await until("tablet 120 to restore", 60_000, async () =>
      (await lab.ctl("GetTablet", "zone1-120")).includes('"type": "RESTORE"'),
    );
    await lab.ctl("CreateShard", "far/80-");
    await lab.ctl("AddCellInfo", "--root", "/vitess/zone9", "--server-address", lab.server, "zone9");
  }, 300_000);
  afterAll(async () => lab?.down());

  const createKeyspace = (keyspace: string): Promise<string> =>
    lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);

  it("a SNAPSHOT keyspace, tablets that wait for a backup or make one, a keyspace before its first election or taken out of a cell, an empty shard and cell, padded ranges", async () => {
    const said = await doctor.scan();
    expect([said.code, ...alarms(said)]).toEqual([0]);
  });

  it("the old vttablet of a replaced pod, which ends slowly; then the new one is taken out of service", async () => {
    lab.signal("vttablet-151", "SIGTERM");
    await lab.startVttablet(151, { ...SLOW_TO_END, port: "15951", "grpc-port": "16951" });
    const pods = await doctor.scan();
    expect([pods.code, ...alarms(pods)]).toEqual([0]);
    // A vttablet that was told to end takes no new connection: who expects it is told that it is not there, and of no twin.
    const old = lab.file("inventory.yaml", "tablets:\n  - {host: 127.0.0.1, grpc: 16151, http: 15151}\n");
    const expected = await doctor.scan("--inventory", old);
    expect([expected.code, expected.exit.reasons, ...alarms(expected)]).toEqual([
      3,
      [expect.stringContaining("127.0.0.1:16151 did not answer")],
    ]);
    lab.signal("vttablet-151", "SIGTERM");
    await lab.ctl("DeleteTablets", "zone1-151");
    const leaving = await doctor.scan();
    expect([leaving.code, ...alarms(leaving)]).toEqual([0]);
    expect(ids(leaving)).toContain("tablet-record-missing-live-process@zone1-0000000151");
  });

  it("what an operator closed is an outage all the same, told as closed on purpose perhaps, until it is open or suppressed", async () => {
    const control = async (...flags: string[]) => [
      await lab.ctl("SetShardTabletControl", ...flags, "near/0", "primary"),
      await lab.ctl("RefreshStateByShard", "near/0"),
    ];
    await control("--denied-tables=item");
    const denied = await finding(doctor, "keep-data-denial-residue@near/0");
    expect([denied.state, denied.cause]).toEqual(["suspected", expect.stringContaining("for a reason")]);
    await control("--remove", "--denied-tables=item");
    await control("--disable-query-service");
    const closed = await finding(doctor, "writes-served-by-no-shard@near/0");
    expect(closed.cause).toContain("may be closed on purpose");
    const accepted = `suppressions:\n  - {finding: ${closed.id}, reason: its data is repaired, until: 2099-01-31}\n`;
    const silent = await doctor.scan("--config", lab.file("vtdoctor.yaml", accepted));
    expect([silent.code, ...alarms(silent)]).toEqual([0, expect.stringMatching(/^critical suppressed /)]);
    await control("--disable-query-service=false");
    await lab.ctl("SetShardIsPrimaryServing", "near/0", "false");
    const flagged = await finding(doctor, "range-served-by-no-shard@near/-");
    expect([flagged.severity, flagged.cause]).toEqual(["info", expect.stringContaining("on purpose")]);
    await lab.ctl("SetShardIsPrimaryServing", "near/0", "true");
    expect((await doctor.scan()).code).toBe(0);
  });

  it("a primary in a cell that --cell leaves out", async () => {
    expect(alarms(await doctor.scan("--cell", "zone1"))).toEqual([]);
  });

  it("while a primary that is gone is found beside them", async () => {
    await lab.stop("vttablet-100", "SIGKILL");
    const found = alarms(await doctor.scan());
    expect(found).toContainEqual(expect.stringMatching(/^critical confirmed no-live-primary@far\/0: /));
    expect(
      found.filter(
        (said) => !/ no-live-primary@far\/0: | tablet-record-dead-address@zone2-0000000100: /.test(said),
      ),
    ).toEqual([]);
  });

  it("a snapshot that nobody wants any more goes as its finding says", async () => {
    await lab.stop("vttablet-112", "SIGKILL");
    const left = "tablet-record-dead-address@zone1-0000000112";
    expect(await finding(doctor, left)).toMatchObject({ severity: "info" });
    await curedBy(doctor, left, ["vtctldclient DeleteKeyspace"]);
    expect(await lab.ctl("GetKeyspaces")).not.toContain('"snap"');
  });

  ranAllOf("lasting");
});

/** It ends half a minute after it was told to, as a pod that drains does. */
const SLOW_TO_END = { "lameduck-period": "45s" };

const alarms = ({ findings }: ScanDocument): readonly string[] =>
  findings
    .filter(({ severity }) => severity !== "info")
    .map(({ severity, state, id, symptom }) => `${severity} ${state} ${id}: ${symptom}`);
