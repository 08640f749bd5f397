import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import { Doctor } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, until } from "./lab/lab.js";
import { reshardCluster, running, stillArrives } from "./lab/reshard.js";

/** S11: a shard-dropping cancel died half-way, and more went wrong since. */
describe.skipIf(labMissing() !== null)("S11, a half-done cancel", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** What v19's cancel deletes, under its lock. */
  async function drop(shards: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const lock = "/vitess/global/keyspaces/customer/locks/7587863094318432771";
    const body = {
      Action: "DropTargets",
      HostName: "vm",
      UserName: "vitess",
      Time: new Date().toISOString(),
    };
    await lab.etcdctl(GLOBAL_ETCD, "put", lock, JSON.stringify({ ...body, Status: "Running" }));
    for (const [shard, uids] of Object.entries(shards)) {
      for (const uid of uids)
        await lab.etcdctl(GLOBAL_ETCD, "del", `/vitess/zone1/tablets/zone1-0000000${uid}/Tablet`);
      await lab.etcdctl(
        GLOBAL_ETCD,
        "del",
        `/vitess/zone1/keyspaces/customer/shards/${shard}/ShardReplication`,
      );
      await lab.etcdctl(GLOBAL_ETCD, "del", `/vitess/global/keyspaces/customer/shards/${shard}/Shard`);
    }
    await lab.etcdctl(GLOBAL_ETCD, "del", lock);
  }

  const left = (uid: number, table: string) => lab.sql(uid, `select count(*) from _vt.${table}`);

  it("is one plan: stopped first everywhere, the rest in order, and what is down is said", async () => {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab, { targets: { "-40": [200, 201], "40-80": [250], "80-": [300] } });
    await running(lab, [200, 250, 300]);
    await drop({ "-40": [200, 201], "40-80": [250] });
    await lab.stop("vttablet-250", "SIGKILL");
    await lab.stop("vttablet-201");
    await lab.startVttablet(201);
    await until("200 to name itself", 60_000, async () =>
      (await lab.ctl("GetShard", "customer/-40")).includes('"uid": 200'),
    );
    const action = JSON.stringify({ task: "alter table vt_customer.customer add key late (name)", type: 1 });
    await lab.sql(
      300,
      `insert into _vt.post_copy_action(vrepl_id, table_name, action) select id, 'customer', '${action}' from _vt.vreplication`,
    );
    const values = "uuid(), 'c2', 'customer', '80-', 'vt_customer', 'completed', '{}'";
    await lab.sql(
      300,
      `insert into _vt.vdiff(vdiff_uuid, workflow, keyspace, shard, db_name, state, options) values (${values})`,
    );
    const doctor = new Doctor(lab);
    const out = join(lab.dir, "plan.json");
    const dry = await doctor.write("cancel", "customer.c2", "--keep-data", "--dry-run", "--out", out);
    expect(dry.code, dry.stdout + dry.stderr).toBe(1);
    const plan = JSON.parse(readFileSync(out, "utf8")) as Plan;
    const kinds = plan.stages.flatMap(({ steps }) => steps.map(({ kind }) => kind));
    expect(kinds.lastIndexOf("stream.stop")).toBeLessThan(kinds.indexOf("stream.delete"));
    expect(kinds.filter((kind) => kind === "stream.stop")).toHaveLength(2);

    const done = await doctor.write("fix", "--plan", out, "--yes");
    expect(done.code, done.stdout + done.stderr).toBe(1);
    expect(done.stdout + done.stderr).toContain("customer/40-80 was dropped by the same cancel");
    for (const uid of [200, 300])
      for (const table of ["vreplication", "copy_state", "post_copy_action", "vdiff"])
        expect(await left(uid, table), `${table} on ${uid}`).toBe("0");
    expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(false);
    expect(await lab.ctl("GetTablets")).toContain("zone1-0000000200");
  });
});
