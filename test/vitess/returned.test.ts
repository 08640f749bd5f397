import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor, firstLook, ids } from "./lab/doctor.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { WATCH } from "./lab/long.js";
import { ranAllOf, runNext } from "./lab/printed.js";
import { aged, createReshard, reshardCluster, running, stillArrives } from "./lab/reshard.js";
import { retired, rowsOfTargets } from "./lab/retired.js";

/** S5: after a cancel that dropped the shards somebody restarted an orphan. */
describe.skipIf(labMissing() !== null)("S5, a restarted orphan", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  async function cancelled(version: "19" | "24"): Promise<Doctor> {
    lab = await Lab.up({ version });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    await aged(lab, [200, 300]);
    if (version === "19")
      await lab.ctl("Reshard", "--workflow", "c2", "--target-keyspace", "customer", "cancel");
    else
      await lab.ctl(
        ...["DeleteShards", "--recursive", "--force", "--even-if-serving"],
        ...["customer/-80", "customer/80-"],
      );
    return new Doctor(lab);
  }

  const restart = async (uid: number) => {
    await lab.stop(`vttablet-${uid}`);
    await lab.startVttablet(uid);
  };

  /** VTOrc names 200, whose row says Running all the while. */
  async function elected(): Promise<void> {
    await until("VTOrc to elect 200", 60_000, async () =>
      (await lab.ctl("GetShard", "customer/-80")).includes('"uid": 200'),
    );
    await running(lab, [200]);
  }

  const rows = (uid: number) => lab.sql(uid, "select count(*) from _vt.vreplication");

  /** Every workflow command of the keyspace works, and nothing of c2 arrives any more. */
  async function works(doctor: Doctor): Promise<void> {
    for (const uid of [200, 300]) expect(await rows(uid)).toBe("0");
    expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(false);
    expect(await lab.ctl("GetTablets")).toContain("zone1-0000000201");
    const after = await doctor.scan();
    expect(after.code, JSON.stringify(after.findings, null, 1)).toBe(0);
    for (const uid of [200, 300]) await lab.sql(uid, "drop table customer", "vt_customer");
    await createReshard(lab, "customer", "c2", ["-80", "80-"]);
    await running(lab, [200, 300], "c2");
    // The workflow of the same name that was created since is nobody's leftover.
    expect(ids(await doctor.scan())).toEqual([]);
  }

  it("without a primary: said, why, and cleared under the shard's lock; vtctld elects", async () => {
    const doctor = await cancelled("19");
    await restart(200);
    const said = await lab.tryCtl("Reshard", "--workflow", "c2", "--target-keyspace", "customer", "status");
    expect(said.stderr).toContain("doesn't have a primary set");
    const seen = await firstLook(doctor);
    const found = await doctor.scan("--settle", "30s");
    const id = "shard-never-had-primary@customer/-80";
    const finding = found.findings.find((one) => one.id === id);
    expect(finding?.state, JSON.stringify(found.findings, null, 1)).toBe("confirmed");
    expect(finding?.symptom).toContain("came back without a primary after the cancel by");

    const cleared = await runNext(doctor, finding, { more: `${seen.join(" ")} --yes`, code: 1 });
    expect(cleared.stdout).toContain(
      "vtctldclient PlannedReparentShard customer/-80 --new-primary zone1-0000000200",
    );
    expect(await rows(200)).toBe("0");
    const plain = (await doctor.scan("--settle", "0")).findings.find((one) => one.id === id);
    const vtctld = { values: { "HOST:PORT": "127.0.0.1:25999" }, more: `${seen.join(" ")} --yes` };
    await runNext(doctor, plain, vtctld);
    expect(await lab.ctl("GetShard", "customer/-80")).toContain('"uid": 200');
    const other = await doctor.write("fix", "shard-missing-live-tablets@customer/80-", "--yes");
    expect(other.code, other.stdout + other.stderr).toBe(0);
    await works(doctor);
  });

  const leave = (doctor: Doctor, ...asked: string[]) =>
    doctor.write(...["fix", ...asked, "--orphans", "retire", "--yes", ...WATCH]);
  const stopCommand = () => ["--hooks.stopTablet", `${lab.stopProgram()} {alias}`];
  /** It was dropped as well, and did not come back. */
  const other = "shard-missing-live-tablets@customer/80-";

  /** Its records, but for the Tablet, which the ending process has blanked. */
  const records = async () =>
    [...(await lab.topologyKeys())].filter(([key]) => /\/shards\/-80\/Shard(Replication)?$/.test(key)).sort();

  it("without a primary and not wanted: its vttablets end, and its records go, which undo puts back", async () => {
    const doctor = await cancelled("19");
    await restart(200);
    const id = "shard-never-had-primary@customer/-80";
    const seen = await firstLook(doctor);
    const alone = await leave(doctor, id, "--unsupervised", "--settle", "30s");
    expect(alone.code, alone.stdout + alone.stderr).toBe(4);
    expect(alone.stdout + alone.stderr).toContain("zone1-0000000200 has its record again");
    expect(lab.alive("vttablet-200") && lab.alive("vttablet-201")).toBe(true);
    const before = await records();
    expect(before).toHaveLength(2);
    const rows = await rowsOfTargets(lab);

    const done = await leave(doctor, id, other, ...seen, ...stopCommand());
    expect(done.code, done.stdout + done.stderr).toBe(0);
    await retired(doctor, rows);

    const [run = ""] = readdirSync(doctor.runDir);
    const undone = await doctor.write("undo", run, "--yes");
    expect(undone.code, undone.stdout + undone.stderr).toBe(0);
    expect(undone.stdout + undone.stderr).toContain("brings back what the run repaired");
    expect(await records()).toEqual(before);
  });

  it("elected by VTOrc and not wanted: its streams are stopped, then it leaves for good", async () => {
    const doctor = await cancelled("24");
    await lab.startVtorc();
    await restart(200);
    await elected();
    const rows = await rowsOfTargets(lab);
    const done = await leave(doctor, "cancelled-stream-resumed@customer/-80/c2", other, ...stopCommand());
    expect(done.code, done.stdout + done.stderr).toBe(0);
    await retired(doctor, rows);
  });

  it("elected by VTOrc within seconds: the resumed stream is stopped through its tablet", async () => {
    const doctor = await cancelled("24");
    await lab.startVtorc();
    await restart(200);
    await elected();
    expect(await stillArrives(lab, "customer", "customer", 5000, [200])).toBe(true);
    const id = "cancelled-stream-resumed@customer/-80/c2";
    const resumed = (await doctor.scan()).findings.find((one) => one.id === id);
    expect(resumed?.state).toBe("confirmed");
    const asked = await doctor.write("fix", id, "--yes");
    expect(asked.code, asked.stdout + asked.stderr).toBe(4);
    await runNext(doctor, resumed, { more: "--yes" });
    const other = await doctor.write(
      ...["fix", "shard-missing-live-tablets@customer/80-", "--orphans", "restore", "--yes"],
    );
    // No cancel dropped 80-, and its primary was never elected anew: its stream came back with it.
    expect(other.code, other.stdout + other.stderr).toBe(0);
    const rest = await doctor.write("cancel", "customer.c2", "--keep-data", "--yes");
    expect(rest.code, rest.stdout + rest.stderr).toBe(0);
    await works(doctor);
  });

  it("with the primary still running beside a replica that was restarted", async () => {
    const doctor = await cancelled("19");
    await restart(201);
    await until("200 to name itself", 60_000, async () =>
      (await lab.ctl("GetShard", "customer/-80")).includes('"uid": 200'),
    );
    const id = "cancelled-stream-resumed@customer/-80/c2";
    const resumed = (await doctor.scan()).findings.find((one) => one.id === id);
    expect(resumed?.state).toBe("confirmed");
    await runNext(doctor, resumed, { more: `${other} --yes` });
    await works(doctor);
  });

  ranAllOf("returned");
});
