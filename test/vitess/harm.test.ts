import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor, firstLook, ids } from "./lab/doctor.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { besideDeadLock } from "./lab/locks.js";
import { finding } from "./lab/printed.js";
import { elect, reshardCluster, running } from "./lab/reshard.js";

const COUNT = "select count(*) from customer";
const VSCHEMA = {
  sharded: true,
  vindexes: { hash: { type: "hash" } },
  tables: { customer: { column_vindexes: [{ column: "id", name: "hash" }] } },
};

/** S18: how vtdoctor 0.1.0 could hurt, played on real clusters (docs/track-record.md). */
describe.skipIf(labMissing() !== null)("S18, no harm", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const move = (workflow: string, action: string, ...flags: string[]) =>
    lab.ctl("MoveTables", "--workflow", workflow, "--target-keyspace", "moved", action, ...flags);
  const create = async (workflow: string) => {
    await move(workflow, "create", "--source-keyspace", "customer", "--tables", "customer");
    await running(lab, [400], workflow);
  };

  /** customer moves from customer/0 into the sharded keyspace moved, whose VSchema lists it, as MoveTables asks. */
  async function moving(): Promise<Doctor> {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab, { workflow: null, targets: {} });
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
    await Promise.all([400, 401].map((uid) => lab.tablet(uid, "moved", "0")));
    await elect(lab, "moved", "0", 400);
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(VSCHEMA), "moved");
    await create("m1");
    await lab.startVtgate();
    await serves("@primary");
    return new Doctor(lab);
  }

  /** All rows come to a client that names the table without a keyspace. */
  async function serves(target: string): Promise<void> {
    let said = "";
    await until(`${target} to serve customer`, 30_000, async () => {
      said = await lab.gate(target, COUNT, "zone1", 5000).catch(String);
      return said === "1000";
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said: ${said}`);
    });
  }

  const topology = async () =>
    [...(await lab.topologyKeys())].filter(([key]) => !key.includes("/locks/")).sort();

  it("after a cancel a bare table name means the source's, and an undo after the tables were moved again leaves production alone", async () => {
    const doctor = await moving();
    const cancelled = await doctor.write("cancel", "moved.m1", "--yes");
    expect(cancelled.code, cancelled.stderr + cancelled.stdout).toBe(0);
    const [run = ""] = readdirSync(doctor.runDir);
    expect(cancelled.stderr.replaceAll(/\s+/g, " ")).toContain(
      "the VSchema of moved goes on to list customer, so the routing rules customer",
    );
    await serves("@primary");
    await lab.gate("@primary", "insert into customer(id, name) values (900001, 'after')");
    expect(
      await lab.sql(100, "delete from customer where id = 900001; select row_count()", "vt_customer"),
    ).toBe("1");

    await create("m2");
    await move("m2", "switchtraffic");
    await move("m2", "complete");
    await serves("@primary");
    const before = await topology();
    const undone = await doctor.write("undo", run, "--yes");
    expect([undone.code, undone.stderr]).toEqual([
      4,
      expect.stringContaining("customer exists in vt_moved on zone1-0000000400 again"),
    ]);
    expect(undone.stderr).toContain("nothing was changed");
    expect(await topology()).toEqual(before);
    await serves("@primary");
    await lab.gate("moved", "insert into customer(id, name) values (900002, 'after')");
  });

  it("a cancel that is resumed after its reads were switched touches nothing", async () => {
    const doctor = await moving();
    const going = doctor.start("cancel", "moved.m1", "--yes");
    const ended = once(going, "exit");
    let run = "";
    await until("the proof of standstill", 180_000, async () => {
      [run = ""] = readdirSync(doctor.runDir);
      const journal = join(doctor.runDir, run, "journal.jsonl");
      return (
        run !== "" &&
        existsSync(journal) &&
        readFileSync(journal, "utf8").includes('"does":"stream.verify-stopped"')
      );
    });
    going.kill("SIGINT");
    expect(await ended).toEqual([5, null]);

    await move("m1", "start");
    await running(lab, [400], "m1");
    await move("m1", "switchtraffic", "--tablet-types", "replica");
    await serves("@replica");
    const before = await topology();
    const resumed = await doctor.write("resume", run, "--yes");
    expect([resumed.code, resumed.stderr]).toEqual([
      4,
      expect.stringMatching(/RoutingRules was at revision/),
    ]);
    expect(await topology()).toEqual(before);
    expect(await lab.sql(400, COUNT, "vt_moved")).toBe("1000");
    expect(await lab.sql(400, "select distinct state from _vt.vreplication")).toBe("Running");
    await serves("@replica");
  });

  it("what an operator closed stays closed, and the only shard with data is never called retired", async () => {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab, { workflow: null, targets: {} });
    const doctor = new Doctor(lab);
    const control = async (...flags: string[]) => {
      await lab.ctl("SetShardTabletControl", ...flags, "customer/0", "primary");
      await lab.ctl("RefreshStateByShard", "customer/0");
    };

    await control("--disable-query-service=true");
    await control("--denied-tables=customer");
    const closed = "writes-served-by-no-shard@customer/0";
    const denied = "keep-data-denial-residue@customer/0";
    for (const id of [closed, denied]) await finding(doctor, id);
    const seen = await firstLook(doctor);
    const told = await doctor.run("explain", closed, "--settle", "30s");
    expect(told.stdout.replaceAll(/\s+/g, " ")).toMatch(/Nothing here says why; it may be closed on purpose/);
    const opened = await doctor.write("fix", closed, ...seen, "--yes");
    expect([opened.code, opened.stderr]).toEqual([4, expect.stringContaining("ask who closed customer/0")]);
    const lifted = await doctor.write("fix", denied, ...seen, "--yes");
    expect([lifted.code, lifted.stderr]).toEqual([4, expect.stringContaining("may have denied on purpose")]);
    expect(await lab.ctl("GetSrvKeyspaces", "customer")).toMatch(/"query_service_disabled": true/);
    expect(await lab.ctl("GetShard", "customer/0")).toMatch(/"denied_tables": \[\s*"customer"/);
    await control("--denied-tables=customer", "--remove");
    await control("--disable-query-service=false");

    await besideDeadLock(lab, ["customer", "mt", "MoveTablesComplete"], () =>
      lab.ctl("DeleteShards", "--recursive", "--force", "--even-if-serving", "customer/0"),
    );
    const missing = "shard-missing-live-tablets@customer/0";
    const before = await firstLook(doctor);
    const found = await doctor.scan("--settle", "30s");
    expect(ids(found)).toContain(missing);
    expect(ids(found)).not.toContain("retired-shard-still-running@customer/0");
    const restored = await doctor.write(...["fix", missing, "--orphans", "restore", ...before, "--dry-run"]);
    expect(restored.stdout + restored.stderr).not.toMatch(/completed workflow|stale|never restored/);
  });
});
