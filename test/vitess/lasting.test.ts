import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor, type ScanDocument } from "./lab/doctor.js";
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
    for (const keyspace of ["far", "fresh"]) await createKeyspace(keyspace);
    await lab.ctl(
      ...["CreateKeyspace", "--type", "SNAPSHOT", "--base-keyspace", "far"],
      ...["--snapshot-timestamp", "2026-01-01T00:00:00Z", "snap"],
    );
    await Promise.all([
      lab.tablet(100, "far", "0", "replica", "zone2"),
      lab.tablet(101, "far", "0"),
      lab.tablet(110, "fresh", "0"),
      lab.tablet(112, "snap", "0"),
    ]);
    await elect(lab, "far", "0", 100, "zone2");
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

  it("a SNAPSHOT keyspace, tablets that wait for a backup, a keyspace before its first election, an empty shard and cell", async () => {
    expect(alarms(await doctor.scan())).toEqual([]);
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

const alarms = ({ findings }: ScanDocument): readonly string[] =>
  findings
    .filter(({ severity }) => severity !== "info")
    .map(({ severity, state, id, symptom }) => `${severity} ${state} ${id}: ${symptom}`);
