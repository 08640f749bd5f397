import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, type Ran, sleep, until, type Version } from "./lab/lab.js";
import { LONG } from "./lab/long.js";
import { alsoPrinted, finding, ranAllOf, runAdvised, runPrinted, textOf } from "./lab/printed.js";
import { elect, type ReshardOptions, reshardCluster, running, stillArrives } from "./lab/reshard.js";

/** What a move must keep, and give back, as it is; the parent sorts before the child, as Vitess's own schema copy needs. */
const SCHEMA: ReshardOptions = {
  schema: [
    "create table a_parent(id bigint primary key, age int, doubled int as (age * 2) stored, constraint adult check (age > 17))",
    "create table b_child(id bigint primary key, parent bigint, key(parent), constraint fk foreign key (parent) references a_parent(id))",
    "create table c_parts(id bigint primary key, v int) partition by hash(id) partitions 4",
    "create view d_view as select id, doubled from a_parent",
  ],
  vschemaTables: Object.fromEntries(
    ["a_parent", "b_child", "c_parts"].map((table) => [
      table,
      { column_vindexes: [{ column: table === "b_child" ? "parent" : "id", name: "hash" }] },
    ]),
  ),
};
const BOTH = ["24", "19"] as const;
const TABLES = ["a_parent", "b_child", "c_parts", "customer"];

describe.skipIf(labMissing() !== null)("undo and purge on real clusters", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  async function reshard(version: Version = "24"): Promise<Doctor> {
    lab = await Lab.up({ version });
    await reshardCluster(lab, { ...SCHEMA, workflow: null });
    await lab.sql(100, "insert into a_parent(id, age) values (1, 20), (2, 30), (3, 40)", "vt_customer");
    await lab.sql(100, "insert into b_child values (10, 1), (11, 2), (12, 3)", "vt_customer");
    await lab.sql(100, "insert into c_parts values (1, 1), (2, 2), (3, 3)", "vt_customer");
    const name = ["--workflow", "c2", "--target-keyspace", "customer"];
    await lab.ctl("Reshard", ...name, "create", "--source-shards", "0", "--target-shards=-80,80-");
    await running(lab, [200, 300]);
    return new Doctor(lab);
  }

  /** MoveTables of customer from customer/0 into moved/0: nine rules, denials, an entry of the VSchema. */
  async function moveTables(version: Version = "24"): Promise<Doctor> {
    lab = await Lab.up({ version });
    await reshardCluster(lab, { workflow: null, targets: {} });
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
    await lab.tablet(400, "moved", "0");
    await elect(lab, "moved", "0", 400);
    const name = ["--workflow", "m1", "--target-keyspace", "moved"];
    await lab.ctl("MoveTables", ...name, "create", "--source-keyspace", "customer", "--tables", "customer");
    await running(lab, [400], "m1");
    await lab.startVtgate();
    return new Doctor(lab);
  }

  async function tablesOf(uid: number, database: string): Promise<string> {
    const seen: string[] = [];
    for (const table of TABLES) {
      seen.push(await lab.sql(uid, `show create table ${table}`, database));
      seen.push(await lab.sql(uid, `select * from ${table} order by 1`, database));
    }
    seen.push(await lab.sql(uid, "show create view d_view", database));
    seen.push(await lab.sql(uid, "select * from d_view order by 1", database));
    return seen.join("\n");
  }

  const streamsNow = () => lab.sql(400, "select state, message from _vt.vreplication where workflow='m1'");

  const heldOn = (uid: number) =>
    lab.sql(
      uid,
      "select count(*) from information_schema.schemata where schema_name like 'vtdoctor\\\\_hold\\\\_%'",
    );

  async function done(doctor: Doctor, ...args: string[]): Promise<string> {
    return (await doneAs(doctor, doctor.write(...args, "--yes"))).run;
  }

  async function doneAs(doctor: Doctor, doing: Promise<Ran>): Promise<{ run: string; said: Ran }> {
    const known = new Set(readdirSync(doctor.runDir));
    const said = await doing;
    expect(said.code, said.stderr + said.stdout).toBe(0);
    return { run: readdirSync(doctor.runDir).find((run) => !known.has(run)) ?? "", said };
  }

  /** What is held, and each place that says how it comes back or is dropped. */
  const held = async (doctor: Doctor, run: string) => ({
    left: await finding(doctor, `held-data-left@${run}/customer`),
    listed: await doctor.runs(),
  });

  /** Records as Vitess reads them: rules, VSchemas, Shard records with their denials. */
  const recordsNow = async () =>
    [...(await lab.topologyKeys())]
      .filter(([key]) => /(RoutingRules|\/VSchema|\/Shard)$/.test(key) && !key.includes("SrvVSchema"))
      .sort();

  it.each(LONG ? BOTH : (["24"] as const))(
    "v%s Reshard: the tables come back with definitions, rows and view, on the replica too",
    async (version) => {
      const doctor = await reshard(version);
      // No more rows arrive, so that what is held is what was there.
      const before = { 200: await tablesOf(200, "vt_customer"), 300: await tablesOf(300, "vt_customer") };
      const { run, said } = await doneAs(doctor, doctor.write("cancel", "customer.c2", "--yes"));
      const { left: advice, listed } = await held(doctor, run);
      expect(await heldOn(200)).toBe("1");
      await lab.sql(200, "create table customer(id bigint primary key)", "vt_customer");
      const blocked = await doctor.write("undo", run, "--yes");
      expect([blocked.code, blocked.stderr]).toEqual([4, expect.stringContaining("again: somebody made it")]);
      await lab.sql(200, "drop table customer", "vt_customer");
      const left = await doctor.scan();
      expect(ids(left)).toContain(`held-data-left@${run}/customer`);
      expect(left.code, JSON.stringify(left.exit)).toBe(0);

      const dry = await doctor.write("undo", run, "--dry-run");
      expect(dry.code, dry.stderr).toBe(1);
      expect(dry.stdout).toMatch(/a stream that was taken apart\s+can not/);
      expect(await heldOn(200)).toBe("1");

      const { run: undo, said: undone } = await doneAs(
        doctor,
        runAdvised(doctor, advice, "vtdoctor undo", { more: "--yes" }),
      );
      alsoPrinted("src/plan/undo/stage", blocked, "vtdoctor undo");
      alsoPrinted("src/report/run", said, "vtdoctor undo");
      alsoPrinted("src/report/runs", listed, "vtdoctor undo");
      await runPrinted(doctor, "src/report/run", undone, "vtdoctor scan");
      expect(await tablesOf(200, "vt_customer")).toBe(before[200]);
      expect(await tablesOf(300, "vt_customer")).toBe(before[300]);
      await until("the replica to follow", 30_000, async () => (await heldOn(201)) === "0");
      expect(await tablesOf(201, "vt_customer")).toBe(before[200]);
      for (const uid of [200, 300]) expect(await heldOn(uid)).toBe("0");
      const story = readFileSync(join(doctor.runDir, undo, "report.txt"), "utf8");
      expect(story).toContain(`undo of run ${run}`);
      expect(story).toMatch(/finished: every step reached its end state/);
      const again = await doctor.write("undo", run, "--yes");
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("nothing to do")]);
      expect(ids(await doctor.scan())).not.toContain(`held-data-left@${run}/customer`);
    },
  );

  it.each(LONG ? BOTH : (["19"] as const))(
    "v%s MoveTables: rules, VSchema and denials are as before, and the source serves",
    async (version) => {
      const doctor = await moveTables(version);
      const before = await recordsNow();
      const count = await lab.gate("customer", "select count(*) from customer");
      const run = await done(doctor, "cancel", "moved.m1");
      expect(await recordsNow()).not.toEqual(before);
      await done(doctor, "undo", run);
      expect(await recordsNow()).toEqual(before);
      expect(await lab.sql(400, "select count(*) from customer", "vt_moved")).toBe(count);
      await until("vtgate to follow", 30_000, async () => {
        const routed = await lab.gate("moved", "select count(*) from customer").catch(() => "");
        return routed === count;
      });
      await lab.gate("customer", "insert into customer(id, name) values (900001, 'after')");
      expect(await lab.gate("customer", "select name from customer where id = 900001")).toBe("after");
      expect(await lab.sql(100, "select name from customer where id = 900001", "vt_customer")).toBe("after");
    },
  );

  it("purge drops what a cancel holds, for the keyspace's name, and undo says that it is gone", async () => {
    const doctor = await reshard();
    const { run, said } = await doneAs(doctor, doctor.write("cancel", "customer.c2", "--yes"));
    const { left, listed } = await held(doctor, run);
    const unnamed = await doctor.write("purge", run, "--yes");
    expect([unnamed.code, unnamed.stderr]).toEqual([4, expect.stringContaining("--confirm customer")]);
    expect(await heldOn(200)).toBe("1");
    await lab.sql(200, "create table customer(id bigint primary key)", "vt_customer");
    const made = await doctor.write("undo", run, "--yes");
    expect(made.code, made.stderr).toBe(4);
    const held200 = "src/plan/undo/held-tables";
    await runPrinted(doctor, held200, made, "vtctldclient GetRoutingRules");
    const led = await runPrinted(doctor, held200, made, "vtctldclient GetVSchema");
    expect(led.stdout).toContain('"customer"');
    await runAdvised(doctor, left, "vtdoctor purge", { more: "--confirm customer --yes" });
    alsoPrinted(held200, made, "vtdoctor purge");
    await lab.sql(200, "drop table customer", "vt_customer");
    alsoPrinted("src/report/run", said, "vtdoctor purge");
    alsoPrinted("src/report/runs", listed, "vtdoctor purge");
    for (const uid of [200, 300]) expect(await heldOn(uid)).toBe("0");
    expect(ids(await doctor.scan())).not.toContain(`held-data-left@${run}/customer`);
    const undone = await doctor.write("undo", run, "--yes");
    expect([undone.code, undone.stderr]).toEqual([
      4,
      expect.stringMatching(/data is gone: run \w+ purged it/),
    ]);
    const after = await doctor.runs();
    expect([after.code, after.stdout]).toEqual([0, expect.stringContaining(run)]);
    for (const uid of [200, 300]) await lab.sql(uid, "drop view d_view", "vt_customer");
    const name = ["--workflow", "c3", "--target-keyspace", "customer"];
    await lab.ctl("Reshard", ...name, "create", "--source-shards", "0", "--target-shards=-80,80-");
    await running(lab, [200, 300], "c3");

    const half = await killedAt(doctor, [/"kind":"result".*stream\.delete/, 1], "cancel", "customer.c3");
    const back = await doctor.write("undo", half, "--yes");
    const restarted = "src/plan/undo/restarted-streams";
    await runPrinted(doctor, restarted, back, "vtdoctor cancel", { more: "--yes" });
    for (const uid of [200, 300])
      expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");

    await lab.ctl("DeleteShards", "--recursive", "--even-if-serving", "customer/80-");
    await lab.ctl("CreateShard", "customer/80-");
    const anew = await doctor.write("undo", half, "--yes");
    expect([anew.code, anew.stderr]).toEqual([4, expect.stringContaining("deleted shard customer/80-")]);
    const seen = await runPrinted(doctor, "src/plan/facts/cluster", anew, "vtdoctor scan", { code: 1 });
    expect(seen.stdout).toContain("zone1-0000000300");
  });

  /** Starts a writing command and kills it as soon as its journal has so many records that match; the run's id. */
  async function killedAt(
    doctor: Doctor,
    [record, count]: readonly [RegExp, number],
    ...args: string[]
  ): Promise<string> {
    const known = new Set(readdirSync(doctor.runDir));
    const process = doctor.start(...args, "--yes");
    const ended = once(process, "exit");
    let run = "";
    while (process.exitCode === null && process.signalCode === null) {
      run = readdirSync(doctor.runDir).find((each) => !known.has(each)) ?? "";
      const journal = join(doctor.runDir, run, "journal.jsonl");
      const text = run !== "" && existsSync(journal) ? readFileSync(journal, "utf8") : "";
      if (text.split("\n").filter((line) => record.test(line)).length >= count) break;
      await sleep(2);
    }
    process.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
    return run;
  }

  it("an undo that is killed at its second step is resumed to the same end", async () => {
    const doctor = await moveTables();
    const before = await recordsNow();
    const run = await done(doctor, "cancel", "moved.m1");
    const killed = await killedAt(doctor, [/"kind":"intent"/, 2], "undo", run);
    const refused = await doctor.write("resume", run, "--yes");
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining(`vtdoctor resume ${killed}`)]);
    const listed = await doctor.runs();
    await runPrinted(doctor, "src/cli/run-dir", refused, "vtdoctor resume", { more: "--yes" });
    alsoPrinted("src/apply/runs/run-summary", listed, "vtdoctor resume");
    expect(await recordsNow()).toEqual(before);
    expect(await lab.sql(400, "select count(*) from customer", "vt_moved")).not.toBe("0");
    expect(await heldOn(400)).toBe("0");
  });

  it("a cancel that is killed once its streams are stopped is taken back: they run again", async () => {
    const doctor = await moveTables();
    const vschema = (body: object) =>
      lab.ctl("ApplyVSchema", "--skip-rebuild", "--vschema", JSON.stringify(body), "third");
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "third");
    await vschema({ tables: {} });
    const before = await recordsNow();
    const run = await killedAt(doctor, [/"kind":"result"/, 1], "cancel", "moved.m1");
    expect(await streamsNow()).toContain(run);
    const half = await finding(doctor, "run-half-done");
    await vschema({ tables: { customer: {} } });
    const refused = await doctor.write("resume", run, "--yes");
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("ambiguous-name")]);
    const paths = await runPrinted(doctor, "src/plan/foresight/sound", refused, "vtdoctor query");
    expect(paths.stdout).toContain("moved.customer");
    await runPrinted(doctor, "src/plan/assemble", refused, "vtdoctor undo", { more: "--yes" });
    alsoPrinted("run-half-done", textOf(half), "vtdoctor undo");
    expect(await streamsNow()).toMatch(/^Running\s*$/);
    await vschema({ tables: {} });
    expect(await recordsNow()).toEqual(before);
    expect(await stillArrives(lab, "customer", "customer", 900_002, [400], "moved")).toBe(true);
    expect((await doctor.scan()).code).toBe(0);
    const resumed = await doctor.write("resume", run, "--yes");
    expect([resumed.code, resumed.stderr]).toEqual([4, expect.stringContaining("taken back")]);
  });

  it("what a cancel holds that was killed behind it is purged by nobody: it goes on, or comes back", async () => {
    const doctor = await moveTables();
    const killed = async () => {
      const run = await killedAt(doctor, [/"kind":"result".*table\.hold/, 1], "cancel", "moved.m1");
      const half = await finding(doctor, "run-half-done");
      const purge = await doctor.write("purge", run, "--yes", "--confirm", "moved");
      expect([purge.code, await heldOn(400)]).toEqual([4, "1"]);
      return { run, half, purge };
    };
    const one = await killed();
    await runPrinted(doctor, "src/plan/purge", one.purge, "vtdoctor undo", { more: "--yes" });
    expect([await heldOn(400), await streamsNow()]).toEqual(["0", expect.stringMatching(/^Running\s*$/)]);
    const other = await killed();
    await runPrinted(doctor, "src/plan/purge", other.purge, "vtdoctor resume", { more: "--yes" });
    alsoPrinted("run-half-done", textOf(other.half), "vtdoctor resume");
    expect([await heldOn(400), await streamsNow()]).toEqual(["1", ""]);

    await lab.stop("vttablet-400");
    await lab.ctl("DeleteTablets", "--allow-primary", "zone1-0000000400");
    await lab.startVttablet(400);
    const undo = () => doctor.write("undo", other.run, "--yes");
    const leaderless = await undo();
    expect([leaderless.code, leaderless.stderr]).toEqual([4, expect.stringContaining("has no primary")]);
    await runPrinted(doctor, "src/plan/undo/held-tables", leaderless, "vtctldclient PlannedReparentShard", {
      more: "moved/0 --new-primary zone1-400",
    });
    lab.signal("mysqld-400", "SIGSTOP");
    const silent = await undo();
    expect([silent.code, silent.stderr]).toEqual([4, expect.stringContaining("did not say which tables")]);
    const said = await runPrinted(doctor, "src/plan/undo/held-tables", silent, "vtdoctor scan --verbose", {
      code: 3,
    });
    lab.signal("mysqld-400", "SIGCONT");
    expect(said.stdout + said.stderr).toMatch(/127\.0\.0\.1:16400.*timeout/);
    const undone = await undo();
    expect([undone.code, await heldOn(400)], undone.stderr).toEqual([0, "0"]);
  });

  ranAllOf("undo");
});
