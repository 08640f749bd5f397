import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { Lab, labMissing, until, type Version } from "./lab/lab.js";
import { LONG, versions } from "./lab/long.js";
import { ranAllOf, runPrinted } from "./lab/printed.js";
import {
  createReshard,
  insert,
  type ReshardOptions,
  reshardCluster,
  running,
  stillArrives,
} from "./lab/reshard.js";

/** Tables that a move must keep as they are; the parent sorts before the child, as Vitess's own schema copy needs. */
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

/** S3: the corrected cancel of a healthy Reshard, in copy phase and in running phase, on each version. */
describe.skipIf(labMissing() !== null)("S3, the corrected cancel", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const definitions = async (uid: number) =>
    lab.sql(
      uid,
      "select table_name, table_type from information_schema.tables where table_schema='vt_customer' order by 1",
    );

  async function start(version: Version, phase: "copying" | "running"): Promise<Doctor> {
    lab = await Lab.up({ version });
    const rows = phase === "copying" ? 300_000 : 1000;
    await reshardCluster(lab, { ...SCHEMA, workflow: null, rows });
    await lab.sql(100, "insert into a_parent(id, age) values (1, 20), (2, 30)", "vt_customer");
    await lab.sql(100, "insert into b_child values (10, 1), (11, 2)", "vt_customer");
    await lab.sql(100, "insert into c_parts values (1, 1), (2, 2)", "vt_customer");
    await createReshard(lab, "customer", "c2", ["-80", "80-"], ["--defer-secondary-keys"]);
    if (phase === "running") await running(lab, [200, 300]);
    else {
      await until("deferred keys", 60_000, async () => {
        const counts = await Promise.all(
          [200, 300].map((uid) => lab.sql(uid, "select count(*) from _vt.post_copy_action")),
        );
        return counts.every((count) => count !== "0");
      });
    }
    return new Doctor(lab);
  }

  /** Shard, Tablet, ShardReplication and serving keys: a cancel of a Reshard changes none of them. */
  const untouchable = async () =>
    [...(await lab.topologyKeys())].filter(([key]) => !key.includes("/locks/")).sort();

  async function gone(): Promise<void> {
    for (const uid of [200, 300]) {
      expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
      expect(await lab.sql(uid, "select count(*) from _vt.copy_state")).toBe("0");
      expect(await lab.sql(uid, "select count(*) from _vt.post_copy_action")).toBe("0");
    }
  }

  for (const version of versions(["24", "19"])) {
    for (const phase of ["copying", "running"] as const) {
      // CI: each version and each phase with its tables held, and with its data kept.
      const holds = LONG || (version === "24") === (phase === "copying");
      const keeps = LONG || !holds;
      const plays = (is: boolean, name: string, scene: () => Promise<void>) => {
        if (is) it(name, scene);
      };
      plays(
        holds,
        `v${version}, ${phase}: the copied tables are held, and a new Reshard copies to the end`,
        async () => {
          const doctor = await start(version, phase);
          const before = await untouchable();
          const said = await doctor.write("cancel", "customer.c2", "--yes");
          expect(said.code, said.stderr + said.stdout).toBe(0);
          await gone();
          expect(await untouchable()).toEqual(before);
          for (const uid of [200, 300]) {
            const left = await lab.sql(
              uid,
              "select table_name from information_schema.tables where table_schema='vt_customer'",
            );
            expect(left === "" || left === "d_view", left).toBe(true);
            const held = await lab.sql(
              uid,
              "select count(*) from information_schema.tables where table_schema like 'vtdoctor\\\\_hold\\\\_%'",
            );
            expect(held).toBe("4");
          }
          expect((await doctor.scan()).code).toBe(0);
          for (const uid of [200, 300]) await lab.sql(uid, "drop view if exists d_view", "vt_customer");
          await createReshard(lab, "customer", "c3", ["-80", "80-"]);
          await running(lab, [200, 300], "c3");
          await noDifference("c3");
        },
      );

      plays(keeps, `v${version}, ${phase}: --keep-data leaves the tables as they are`, async () => {
        const doctor = await start(version, phase);
        const before = await untouchable();
        const said = await doctor.write("cancel", "customer.c2", "--keep-data", "--yes");
        expect(said.code, said.stderr + said.stdout).toBe(0);
        if (phase === "copying") expect(said.stdout).toMatch(/add key/i);
        await gone();
        expect(await untouchable()).toEqual(before);
        for (const uid of [200, 300]) expect((await definitions(uid)).split("\n")).toHaveLength(5);
        expect(await stillArrives(lab, "customer", "customer", 900_001, [200, 300])).toBe(false);
        expect((await doctor.scan()).code).toBe(0);
      });
    }
  }

  it("v24, copying: --restore-secondary-keys adds the deferred keys to the kept tables", async () => {
    const doctor = await start("24", "copying");
    const said = await doctor.write(
      "cancel",
      "customer.c2",
      "--keep-data",
      "--restore-secondary-keys",
      "--yes",
    );
    expect(said.code, said.stderr + said.stdout).toBe(0);
    for (const uid of [200, 300])
      expect(await lab.sql(uid, "show create table customer", "vt_customer")).toContain("KEY `name`");
  });

  it("v24, a table that somebody uses: nothing waits for it, its user is named, and the run goes on afterwards", async () => {
    const doctor = await start("24", "running");
    const using = lab
      .sql(200, "begin; select count(*) from customer; do sleep(300)", "vt_customer")
      .catch(() => "");
    const asleep = () =>
      lab.sql(200, "select id from information_schema.processlist where info = 'do sleep(300)'");
    await until("the user of the table", 20_000, async () => (await asleep()) !== "");
    const refused = await doctor.write("cancel", "customer.c2", "--yes");
    const user = await asleep();
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(
        new RegExp(`connection ${user} \\(.*"do sleep\\(300\\)" for \\d+ s.*\\) uses vt_customer.customer`),
      ),
    ]);
    await lab.sql(200, `kill ${user}`);
    await using;
    await runPrinted(doctor, "src/cli/run-dir", refused, "vtdoctor resume", { more: "--yes" });
    await gone();
  });

  it("v24, the source's vttablet is killed under the last step: the run stops, and the undo that it prints works", async () => {
    const doctor = await start("24", "running");
    const going = doctor.write("cancel", "customer.c2", "--yes");
    const journal = () => {
      const [run = ""] = readdirSync(doctor.runDir);
      const file = join(doctor.runDir, run, "journal.jsonl");
      return run !== "" && existsSync(file) ? readFileSync(file, "utf8") : "";
    };
    await until("the last step", 120_000, async () => journal().includes('"does":"stream.verify-gone"'));
    await lab.stop("vttablet-100", "SIGKILL");
    const said = await going;
    expect(said.code, said.stderr + said.stdout).toBe(4);
    expect(said.stderr).toMatch(
      /after stage "Cancel Reshard customer.c2": PRIMARY queries from zone1 for .*, which customer served, are not served any more \(customer\/0: tablet-dead/,
    );
    await runPrinted(doctor, "src/apply/plan-execution", said, "vtdoctor undo", { more: "--yes" });
    const [run = ""] = readdirSync(doctor.runDir);
    await runPrinted(doctor, "src/cli/run-dir", said, `vtdoctor undo ${run} --run-dir`, { more: "--yes" });
    for (const uid of [200, 300]) expect((await definitions(uid)).split("\n")).toHaveLength(5);
  });

  it("nothing left: exit 2, or 0 with --missing-ok; an unknown workflow: did you mean", async () => {
    const doctor = await start("24", "running");
    const unknown = await doctor.write("cancel", "customer.c3", "--yes");
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("c2")]);
    await insert(lab, "customer", "customer", 700_000, 10);
    expect((await doctor.write("cancel", "customer.c2", "--yes")).code).toBe(0);
    const again = await doctor.write("cancel", "customer.c2", "--yes");
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("no workflow c2")]);
    const script = await doctor.write("cancel", "customer.c2", "--yes", "--missing-ok");
    expect([script.code, script.stdout]).toEqual([0, expect.stringContaining("nothing to do")]);
  });

  async function noDifference(workflow: string): Promise<void> {
    const name = ["--format=json", "--workflow", workflow, "--target-keyspace", "customer"];
    await lab.ctl("VDiff", ...name, "create", "--tablet-types", "primary");
    await until("the VDiff", 60_000, async () =>
      (await lab.ctl("VDiff", ...name, "show", "last")).includes('"State": "completed"'),
    );
    expect(await lab.ctl("VDiff", ...name, "show", "last")).toContain('"HasMismatch": false');
  }

  ranAllOf("cancel");
});
