import { expect } from "vitest";
import { puttingBack } from "./kept.js";
import { GLOBAL_ETCD, type Lab, until } from "./lab.js";
import { type Lease, lockNumber, putLock } from "./locks.js";
import { alsoPrinted, curedBy, finding, gone, runAdvised, runNext, runPrinted } from "./printed.js";
import { apply } from "./record-scenes.js";
import { running } from "./reshard.js";
import type { Scene } from "./scenery.js";

export const named = (workflow: string) => ["--workflow", workflow, "--target-keyspace", "moved"];

/** A MoveTables of customer/0.customer to moved/0, running. */
export async function moveTables(lab: Lab, workflow: string): Promise<void> {
  const what = ["create", "--source-keyspace", "customer", "--tables", "customer"];
  await lab.ctl("MoveTables", ...named(workflow), ...what);
  await running(lab, [400], workflow);
}

/** As if it had never been moved: rules, denials, table and VSchema. */
export async function movedBack(lab: Lab): Promise<void> {
  await lab.ctl("ApplyRoutingRules", "--rules", '{"rules":[]}');
  for (const shard of ["customer/0", "moved/0"]) {
    await lab.tryCtl("SetShardTabletControl", "--remove", "--denied-tables=customer", shard, "primary");
    await lab.ctl("RefreshStateByShard", shard);
  }
  await lab.sql(400, "drop table if exists customer", "vt_moved");
  await apply(lab, "moved", { tables: {} });
}

/** Denied on its sources, its streams stopped, its rules as before. */
async function halted(lab: Lab, workflow: string): Promise<void> {
  await denied(lab, "customer/0");
  const stop = `update _vt.vreplication set state='Stopped', message='stopped for cutover' where workflow='${workflow}'`;
  await lab.ctl("LegacyVtctlCommand", "--", "VReplicationExec", "zone1-400", stop);
}

/** The target takes queries of the table: what a switch does next (until then both sides deny it: denied-tables-both-sides). */
async function opened(lab: Lab): Promise<void> {
  await lab.ctl("SetShardTabletControl", "--remove", "--denied-tables=customer", "moved/0", "primary");
  await lab.ctl("RefreshStateByShard", "moved/0");
}

/** Denied by hand. */
async function denied(lab: Lab, shard: string): Promise<void> {
  await lab.ctl("SetShardTabletControl", "--denied-tables=customer", shard, "primary");
  await lab.ctl("RefreshStateByShard", shard);
}

/** One rule of those that are there is turned by hand. */
async function turned(lab: Lab, from: string, to: string): Promise<void> {
  const { rules } = JSON.parse(await lab.ctl("GetRoutingRules")) as { rules: { from_table: string }[] };
  const after = rules.map((rule) => (rule.from_table === from ? { ...rule, to_tables: [to] } : rule));
  await lab.ctl("ApplyRoutingRules", "--rules", JSON.stringify({ rules: after }));
}

/** A MoveTables whose switch stopped on its way, and what is left when one side of it is lost. */
export function moveScenes(scene: Scene): void {
  const contradiction = "routing-contradicts-denial@customer.customer";

  scene("a switch of tables that died before its rules goes on", async ({ lab, doctor }) => {
    await moveTables(lab, "m1");
    await halted(lab, "m1");
    const refused = await doctor.write("cancel", "moved.m1", "--yes");
    await runPrinted(
      doctor,
      "src/plan/cancel/switched",
      refused,
      "vtctldclient SetShardTabletControl --remove",
    );
    await halted(lab, "m1");
    await opened(lab);
    const said = await finding(doctor, contradiction);
    await runAdvised(doctor, said, "vtdoctor fix --dry-run");
    // The source is written since: its streams stand before where it is.
    await lab.sql(100, "update customer set name = 'late'", "vt_customer");
    const forward = { more: named("m1").join(" ") };
    const first = await runAdvised(doctor, said, "vtctldclient MoveTables switchtraffic", {
      ...forward,
      code: 1,
    });
    expect(first.stderr).toContain("stopped for cutover");
    await running(lab, [400], "m1");
    await runAdvised(doctor, said, "vtctldclient MoveTables switchtraffic", forward);
    await gone(doctor, contradiction);
  });

  scene("a reverse workflow alone, whose source has no record and then has one", async ({ lab, doctor }) => {
    await lab.ctl(
      "LegacyVtctlCommand",
      "--",
      "VReplicationExec",
      "zone1-400",
      "delete from _vt.vreplication where workflow='m1'",
    );
    const id = "reverse-workflow-alone@customer/m1_reverse";
    const deleted = () =>
      lab.tryCtl(
        ...["Workflow", "--keyspace", "customer", "delete", "--workflow", "m1_reverse"],
        ...["--keep-data", "--keep-routing-rules"],
      );
    await lab.sql(100, "create database spare; create table spare.streams as select * from _vt.vreplication");
    const target = [400, 401];
    await Promise.all(target.map((uid) => lab.stop(`vttablet-${uid}`)));
    const record = "/vitess/global/keyspaces/moved/shards/0/Shard";
    await puttingBack(lab, record, async () => {
      await lab.etcdctl(GLOBAL_ETCD, "del", record);
      const lost = await finding(doctor, id);
      const failed = await deleted();
      expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("node doesn't exist")]);
      const refused = await doctor.write("cancel", "customer.m1_reverse", "--yes");
      await runAdvised(doctor, lost, "vtctldclient LegacyVtctlCommand -- VReplicationExec", {
        values: { "<alias>": "zone1-0000000100" },
      });
      alsoPrinted("src/plan/cancel/forbidden", refused, "vtctldclient LegacyVtctlCommand");
    });
    await Promise.all(target.map((uid) => lab.startVttablet(uid)));
    expect(await lab.sql(100, "select count(*) from _vt.vreplication")).toBe("0");
    await lab.sql(100, "insert into _vt.vreplication select * from spare.streams");
    const switched = await finding(doctor, id);
    await runAdvised(doctor, switched, "vtdoctor query");
    const failed = await deleted();
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringContaining("already switched write traffic"),
    ]);
    const forbidden = await doctor.write("cancel", "customer.m1_reverse", "--yes");
    await runPrinted(doctor, "src/plan/cancel/forbidden", forbidden, "vtctldclient LegacyVtctlCommand");
    await gone(doctor, id);
    await lab.sql(100, "insert into _vt.vreplication select * from spare.streams; drop database spare");
    await lab.ctl("ApplyRoutingRules", "--rules", '{"rules":[]}');
    await runAdvised(doctor, await finding(doctor, id), "vtctldclient Workflow");
    await gone(doctor, id);
    await movedBack(lab);
  });

  scene("a workflow that copies a table onto itself", async ({ lab, doctor }) => {
    const source =
      'keyspace:"customer" shard:"0" filter:{rules:{match:"customer" filter:"select * from customer"}}';
    const columns =
      "workflow, source, pos, max_tps, max_replication_lag, time_updated, transaction_timestamp, state, db_name, workflow_type, options";
    const values = `'own', '${source}', '', 0, 0, 0, 0, 'Stopped', 'vt_customer', 0, '{}'`;
    await lab.sql(100, `insert into _vt.vreplication(${columns}) values(${values})`);
    const refused = await doctor.write("cancel", "customer.own", "--yes");
    await runPrinted(doctor, "src/plan/cancel/forbidden", refused, "vtctldclient Workflow");
    expect(await lab.sql(100, "select count(*) from _vt.vreplication")).toBe("0");
    expect(await lab.sql(100, "select count(*) from customer", "vt_customer")).toBe("20");
  });

  scene("a switch of tables that died before its rules is taken back", async ({ lab, doctor }) => {
    await moveTables(lab, "m2");
    await halted(lab, "m2");
    await opened(lab);
    await curedBy(doctor, contradiction, ["vtctldclient MoveTables cancel", { more: named("m2").join(" ") }]);
  });

  scene("a cancel that kept its rules, and left the table denied", async ({ lab, doctor }) => {
    await moveTables(lab, "m3");
    await lab.ctl("MoveTables", ...named("m3"), "cancel", "--keep-data", "--keep-routing-rules");
    const residue = await finding(doctor, "keep-data-denial-residue@moved/0");
    const fixed = await doctor.write("fix", residue.id, "--yes", "--confirm", "moved");
    expect(fixed.code, fixed.stdout + fixed.stderr).toBe(0);
    await runPrinted(doctor, "src/plan/facts/table-names", fixed, "vtctldclient GetRoutingRules");
    await movedBack(lab);
  });
}

/** D2 and D6, before the switch and after it. */
export function sideScenes(scene: Scene): void {
  scene(
    "a table that both sides of a MoveTables deny, and rules that lead to both",
    async ({ lab, doctor }) => {
      const closed = "denied-tables-both-sides@moved/m6";
      const odd = "routing-rules-inconsistent@moved/m6";
      const fixed = (id: string, keyspace: string) =>
        curedBy(doctor, id, ["vtdoctor fix", { more: `--yes --confirm ${keyspace}` }]);
      await moveTables(lab, "m6");
      await turned(lab, "moved.customer", "moved.customer");
      await fixed(odd, "customer");
      await denied(lab, "customer/0");
      await fixed(closed, "customer");
      await gone(doctor, "routing-contradicts-denial");

      await lab.ctl("MoveTables", ...named("m6"), "switchtraffic");
      await turned(lab, "customer.customer", "customer.customer");
      await fixed(odd, "moved");
      await denied(lab, "moved/0");
      await fixed(closed, "moved");
      await gone(doctor, "routing-contradicts-denial");
      await lab.ctl("MoveTables", ...named("m6"), "reversetraffic");
      await lab.ctl("MoveTables", ...named("m6"), "cancel");
      await movedBack(lab);
    },
  );
}

/** Late in a file: the leases of its cluster have to be older than an operation may take. */
export function lockScenes(scene: Scene): void {
  scene("a cancel that a lock of nobody keeps waiting", async ({ lab, doctor, leases }) => {
    await moveTables(lab, "m4");
    const lock = async (directory: string, lease: Lease) => {
      // The limit of a change of records, and what clocks may differ by.
      const old = () => Promise.resolve(Date.now() - lease.granted.getTime() > 185_000);
      await until("the lease to be older than an operation", 200_000, old);
      const key = `/vitess/global/keyspaces/${directory}/locks/${lockNumber(lease)}`;
      await putLock(lab, key, { action: "Tidy", host: "gone", time: lease.granted }, lease);
    };
    const [one, other] = leases;
    if (one === undefined || other === undefined) throw new Error("no leases");
    await lock("moved/shards/0", one);
    const locked = await doctor.write("cancel", "moved.m4", "--yes");
    const stale = { more: "topo-lock-stale@moved/0 --yes" };
    await runPrinted(doctor, "src/plan/cancel/environment", locked, "vtdoctor fix", stale);
    await lock("moved", other);
    await runNext(doctor, await finding(doctor, "topo-lock-stale@moved"), { more: "--yes" });
    await gone(doctor, "topo-lock-stale");
    await lab.ctl("MoveTables", ...named("m4"), "cancel");
  });
}
