import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, type Version } from "./lab/lab.js";
import { LONG } from "./lab/long.js";
import { records, repaired, savedPlan } from "./lab/plans.js";
import { ranAllOf, runAdvised, runNext } from "./lab/printed.js";
import {
  createReshard,
  elect,
  type ReshardOptions,
  reshardCluster,
  running,
  stillArrives,
} from "./lab/reshard.js";

/** S1: the drift that started vtdoctor, on real v19, found through etcd's history alone, and repaired. */
describe.skipIf(labMissing() !== null)("S1, the seed: v19 Reshard cancel", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const cancel = (keyspace = "customer", workflow = "c2") =>
    lab.ctl("Reshard", "--workflow", workflow, "--target-keyspace", keyspace, "cancel");

  /** The keys before the cancel, which prints success. */
  async function broken(
    options: ReshardOptions,
    uids: readonly number[],
    prepare = async () => {},
    version: Version = "19",
  ): Promise<ReadonlyMap<string, string>> {
    lab = await Lab.up({ version });
    await reshardCluster(lab, options);
    await running(lab, uids);
    await prepare();
    const before = await lab.topologyKeys();
    expect(await cancel(options.keyspace)).toContain("Successfully cancelled");
    return before;
  }

  async function healed(doctor: Doctor, before: ReadonlyMap<string, string>): Promise<void> {
    await repaired(doctor, "--all");
    expect(records(await lab.topologyKeys())).toEqual(records(before));
    const after = await doctor.scan();
    expect(after.code, JSON.stringify(after.findings, null, 1)).toBe(0);
  }

  // 21.0.3 has the same bug; it deletes the streams before the shards.
  it.each<Version>(LONG ? ["21", "19"] : [])(
    "v%s: what its own cancel dropped comes back as it was, and nothing arrives there any more",
    async (version) => {
      const before = await broken({}, [200, 300], undefined, version);
      const doctor = new Doctor(lab);
      const found = await doctor.scan();
      expect(found.code, JSON.stringify(found.exit)).toBe(1);
      expect(ids(found, "confirmed")).toEqual(
        expect.arrayContaining(["-80", "80-"].map((shard) => `shard-missing-live-tablets@customer/${shard}`)),
      );
      await healed(doctor, before);
      expect(await stillArrives(lab, "customer", "customer", 5002, [200, 300])).toBe(false);
      for (const uid of [200, 300]) await lab.sql(uid, "drop table customer", "vt_customer");
      await createReshard(lab, "customer", "c3", ["-80", "80-"]);
      await running(lab, [200, 300], "c3");
    },
  );

  it("is told as one story, repaired, and the cluster works again", async () => {
    const before = await broken({}, [200, 300]);
    const doctor = new Doctor(lab);
    expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(true);
    expect(await lab.ctl("GetTablets")).not.toContain("zone1-0000000200");

    const found = await doctor.scan();
    expect(found.code, JSON.stringify(found.exit)).toBe(1);
    expect([...ids(found, "confirmed")].sort()).toEqual([
      "shard-missing-live-tablets@customer/-80",
      "shard-missing-live-tablets@customer/80-",
      "stream-on-unlisted-tablet@customer/-80/c2",
      "stream-on-unlisted-tablet@customer/80-/c2",
      "tablet-record-missing-live-process@zone1-0000000200",
      "tablet-record-missing-live-process@zone1-0000000201",
      "tablet-record-missing-live-process@zone1-0000000300",
    ]);
    const roots = found.findings
      .filter((finding) => finding.causedBy === null)
      .map((finding) => finding.rule);
    expect(roots).toEqual(["shard-missing-live-tablets", "shard-missing-live-tablets"]);
    expect(JSON.stringify(found.findings)).toContain("DropTargets");

    const one = found.findings.find(({ id }) => id === "shard-missing-live-tablets@customer/-80");
    await runAdvised(doctor, one, `vtdoctor fix ${one?.id} --dry-run`, { code: 1 });
    await runNext(doctor, one, { more: "--yes" });
    await healed(doctor, before);
    expect(await stillArrives(lab, "customer", "customer", 5002, [200, 300])).toBe(false);
    expect(await lab.ctl("GetTablets")).toContain("zone1-0000000300");
    await lab.ctl("GetWorkflows", "customer");
    expect(await lab.ctl("Validate")).not.toMatch(/node doesn't exist|no primary/);
    for (const uid of [200, 300]) await lab.sql(uid, "drop table customer", "vt_customer");
    await createReshard(lab, "customer", "c3", ["-80", "80-"]);
    await running(lab, [200, 300], "c3");
  });

  it("with three targets, in a keyspace Shop_2 with a table named order", async () => {
    const targets = { "-40": [200], "40-80": [250], "80-": [300] };
    const before = await broken({ keyspace: "Shop_2", table: "order", targets }, [200, 250, 300]);
    await healed(new Doctor(lab), before);
    expect(await stillArrives(lab, "Shop_2", "order", 5004, [200, 250, 300])).toBe(false);
  });

  it("leaves a healthy workflow of another keyspace alone", async () => {
    const moved = async () => {
      await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
      await lab.tablet(400, "moved", "0");
      await elect(lab, "moved", "0", 400);
      const name = ["--workflow", "m1", "--target-keyspace", "moved"];
      await lab.ctl("MoveTables", ...name, "create", "--source-keyspace", "customer", "--tables", "customer");
      await running(lab, [400], "m1");
    };
    const before = await broken({}, [200, 300], moved);
    const rows = () => lab.sql(400, "select id, workflow, state, message from _vt.vreplication");
    const healthy = await rows();
    await healed(new Doctor(lab), before);
    expect(await rows()).toBe(healthy);
    expect(await stillArrives(lab, "customer", "customer", 5005, [400], "moved")).toBe(true);
  });

  it("with a reference-table stream that was copied to the targets", async () => {
    const reference = async () => {
      await lab.sql(100, "insert into country(id, name) values (1, 'a')", "vt_customer");
    };
    const options: ReshardOptions = {
      schema: ["create table country(id bigint primary key, name varchar(64))"],
      vschemaTables: { country: { type: "reference" } },
      workflow: null,
    };
    lab = await Lab.up({ version: "19" });
    await reshardCluster(lab, options);
    await reference();
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "geo");
    await lab.tablet(400, "geo", "0");
    await elect(lab, "geo", "0", 400);
    await lab.ctl(
      "ApplySchema",
      "--sql",
      "create table country(id bigint primary key, name varchar(64))",
      "geo",
    );
    await lab.sql(400, "insert into country values (7, 'seven')", "vt_geo");
    const settings = [
      { target_table: "country", source_expression: "select * from country", create_ddl: "" },
    ];
    const name = ["--workflow", "ref", "--target-keyspace", "customer"];
    await lab.sql(100, "delete from country", "vt_customer");
    await lab.ctl(
      "Materialize",
      ...name,
      "create",
      "--source-keyspace",
      "geo",
      "--table-settings",
      JSON.stringify(settings),
    );
    await running(lab, [100], "ref");
    await createReshard(lab, "customer", "c2", ["-80", "80-"]);
    await running(lab, [200, 300]);
    await running(lab, [200, 300], "ref");
    const before = await lab.topologyKeys();
    await cancel();
    const doctor = new Doctor(lab);
    const ref = (await doctor.scan()).findings.find(
      ({ id }) => id === "stream-on-unlisted-tablet@customer/-80/ref",
    );
    await runNext(doctor, ref, { more: "--yes" });
    await healed(doctor, before);
    for (const uid of [200, 300])
      expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
    expect(await lab.sql(100, "select state from _vt.vreplication where workflow='ref'")).toBe("Running");
  });

  it("after a reparent of a target", async () => {
    const before = await broken({}, [200, 300], async () => {
      await elect(lab, "customer", "-80", 201);
      await running(lab, [201, 300]);
    });
    const doctor = new Doctor(lab);
    await healed(doctor, before);
    expect(await stillArrives(lab, "customer", "customer", 5006, [201, 300])).toBe(false);
  });

  it("does not restore the shard of a dead tablet, and says why", async () => {
    await broken({}, [200, 300], async () => lab.stop("vttablet-201", "SIGKILL"));
    const doctor = new Doctor(lab);
    const plan = await savedPlan(doctor, "--all");
    const { blocked } = JSON.parse(readFileSync(plan, "utf8")) as Plan;
    expect(blocked.map((each) => each.reason).join("\n")).toContain("zone1-0000000201");
    const fixed = await doctor.write("fix", "--plan", plan, "--yes");
    expect(fixed.code, fixed.stderr + fixed.stdout).toBe(1);
    const keys = await lab.topologyKeys();
    expect(keys.has("/vitess/global/keyspaces/customer/shards/80-/Shard")).toBe(true);
    expect(keys.has("/vitess/global/keyspaces/customer/shards/-80/Shard")).toBe(false);
    // A shard that is not restored is left as it is, its streams too: what to do with it is the operator's to say.
    const rows = (uid: number) => lab.sql(uid, "select count(*) from _vt.vreplication where workflow='c2'");
    expect([await rows(200), await rows(300)]).toEqual(["1", "0"]);
  });

  ranAllOf("seed");
});
