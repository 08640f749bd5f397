import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor, firstLook, ids } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, type Version } from "./lab/lab.js";
import { besideDeadLock } from "./lab/locks.js";
import { versions } from "./lab/long.js";
import { records, repaired } from "./lab/plans.js";
import { finding, ranAllOf, runAdvised, runNext } from "./lab/printed.js";
import { reshardCluster, running, stillArrives } from "./lab/reshard.js";

/** S1b: the same end by another hand is told apart from a cancel, and nothing is touched unless the operator says so. */
describe.skipIf(labMissing() !== null)("S1b, must ask", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const up = async (version: Version) => {
    lab = await Lab.up({ version });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    return new Doctor(lab);
  };

  const streams = async () =>
    Promise.all([200, 300].map((uid) => lab.sql(uid, "select id, state, message from _vt.vreplication")));

  /** `fix --all --yes` must refuse and leave everything as it is. */
  async function refusesToGuess(doctor: Doctor): Promise<string> {
    const [revision, rows] = [await lab.revision(), await streams()];
    const fixed = await doctor.write("fix", "--all", "--yes");
    expect(fixed.code, fixed.stderr + fixed.stdout).toBe(4);
    expect([await lab.revision(), await streams()]).toEqual([revision, rows]);
    return fixed.stdout + fixed.stderr;
  }

  it.each(versions(["24"]))(
    "v%s: a person's DeleteShards, beside the lock that a vtctld left which died in another cancel",
    async (version) => {
      const doctor = await up(version);
      const before = await lab.topologyKeys();
      await besideDeadLock(lab, ["customer", "mt", "WorkflowDelete"], () =>
        lab.ctl(
          ...["DeleteShards", "--recursive", "--force", "--even-if-serving"],
          ...["customer/-80", "customer/80-"],
        ),
      );
      const found = await doctor.scan();
      expect(found.code).toBe(1);
      const missing = found.findings.find(({ id }) => id === "shard-missing-live-tablets@customer/-80");
      expect(missing).toMatchObject({
        state: "confirmed",
        symptom: expect.stringMatching(/deleted the shard at .* \(DeleteShard\)/),
      });
      expect(ids(found)).not.toContain("workflow-half-cancelled@customer/c2");
      expect(await refusesToGuess(doctor)).toContain("--orphans");
      await repaired(doctor, "--all", "--orphans", "restore");
      expect(records(await lab.topologyKeys())).toEqual(records(before));
      // What she deleted is back as it was, with its workflow.
      expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(true);
      expect((await doctor.scan()).code).toBe(0);
    },
  );

  it("Reshard complete: retired, never restored", async () => {
    const doctor = await up("24");
    const name = ["--workflow", "c2", "--target-keyspace", "customer"];
    await lab.ctl("Reshard", ...name, "switchtraffic");
    await lab.sql(100, "create database aside");
    await lab.sql(100, "create table aside.vreplication as select * from _vt.vreplication");
    await lab.ctl("Reshard", ...name, "complete");
    const found = await doctor.scan();
    expect(found.code, JSON.stringify(found.findings, null, 1)).toBe(0);
    expect(ids(found)).toEqual(["retired-shard-still-running@customer/0"]);
    expect(found.findings[0]?.severity).toBe("info");
    const before = await lab.topologyKeys();
    const fixed = await doctor.write(
      "fix",
      "retired-shard-still-running@customer/0",
      "--orphans",
      "restore",
      "--yes",
    );
    expect(fixed.code, fixed.stderr + fixed.stdout).toBe(4);
    expect(records(await lab.topologyKeys())).toEqual(records(before));

    await lab.sql(300, "rename table customer to aside", "vt_customer");
    const needed = await finding(doctor, "shard-missing-live-tablets@customer/0");
    for (const look of ["vtctldclient GetKeyspace", "vtctldclient FindAllShardsInKeyspace"])
      await runAdvised(doctor, needed, look);
    await lab.sql(300, "rename table aside to customer", "vt_customer");

    await lab.sql(100, "insert into _vt.vreplication select * from aside.vreplication");
    const streaming = await finding(doctor, "retired-shard-still-running@customer/0");
    await runAdvised(doctor, streaming, "vtdoctor fix", { more: "--unsupervised --yes" });
    expect(await lab.sql(100, "select count(*) from _vt.vreplication")).toBe("0");
    expect(lab.alive("vttablet-100")).toBe(false);
    expect(ids(await doctor.scan())).toEqual([]);
  });

  /** The records of the targets without what a process does not tell: the nanoseconds of its primary term. */
  const knownOfTablets = () =>
    Promise.all(
      [200, 201, 300].map(async (uid) =>
        JSON.parse(await lab.ctl("GetTablet", `zone1-0000000${uid}`), (key, value) =>
          key === "nanoseconds" ? 0 : value,
        ),
      ),
    );

  it("a history that was compacted", async () => {
    const doctor = await up("19");
    const before = await lab.topologyKeys();
    const tabletsBefore = await knownOfTablets();
    await lab.ctl("Reshard", "--workflow", "c2", "--target-keyspace", "customer", "cancel");
    await lab.etcdctl(GLOBAL_ETCD, "compaction", String(await lab.revision()));
    const inventory = join(lab.dir, "inventory.yaml");
    const tablets = [200, 201, 300].map(
      (uid) => `  - {host: 127.0.0.1, grpc: ${16000 + uid}, http: ${15000 + uid}}`,
    );
    writeFileSync(inventory, `tablets:\n${tablets.join("\n")}\n`);
    const seen = await firstLook(doctor, "--inventory", inventory);
    // Without history nothing proves that a single look is no passing moment.
    const found = await doctor.scan("--inventory", inventory, "--settle", "30s");
    expect(found.code, JSON.stringify(found.exit)).toBe(1);
    const [one, other] = ["-80", "80-"].map((shard) =>
      found.findings.find(({ id }) => id === `shard-missing-live-tablets@customer/${shard}`),
    );
    const said = await doctor.write("fix", "--all", "--yes", ...seen);
    expect(said.code, said.stderr + said.stdout).toBe(4);
    await runNext(doctor, one, { more: seen.slice(2).join(" ") });
    await runAdvised(doctor, one, `vtdoctor fix ${one?.id} --orphans restore`, {
      more: `${other?.id} ${seen.join(" ")} --yes`,
    });
    expect([...records(await lab.topologyKeys()).keys()]).toEqual([...records(before).keys()]);
    expect(await knownOfTablets()).toEqual(tabletsBefore);
    // Nothing says that the workflow was cancelled: it goes on until it is.
    expect(await stillArrives(lab, "customer", "customer", 5002, [200, 300])).toBe(true);
    const cancelled = await doctor.write("cancel", "customer.c2", "--keep-data", "--yes");
    expect(cancelled.code, cancelled.stderr + cancelled.stdout).toBe(0);
    expect(await stillArrives(lab, "customer", "customer", 5003, [200, 300])).toBe(false);
    expect((await doctor.scan()).code).toBe(0);
  });

  ranAllOf("ask");
});
