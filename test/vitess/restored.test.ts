import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Finding } from "../../src/findings/finding.js";
import { Doctor, ids } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, until, type Version } from "./lab/lab.js";
import { WATCH } from "./lab/long.js";
import { finding, gone, ranAllOf, runAdvised, runNext, shell } from "./lab/printed.js";
import { reshardCluster, running } from "./lab/reshard.js";

const DELETED = "keyspace-missing-live-tablets@customer";
const PRUNED = "stream-source-shard-missing@customer/-80/c2/customer/0";

/** S19: the keyspace was deleted while its tablets served; then the source of a finished switch, before its Complete. */
describe.skipIf(labMissing() !== null)("S19, restored", () => {
  let lab: Lab;
  let doctor: Doctor;
  afterEach(async () => lab.down());

  const asked = (): Promise<string> =>
    lab.gate("customer@primary", "select count(*) from customer").catch(String);
  /** A vtgate looks for new Tablet records once a minute. */
  const serves = (): Promise<void> =>
    until("the vtgate to answer", 100_000, async () => (await asked()) === "1000");

  async function restored(
    version: Version,
    targets: Readonly<Record<string, readonly number[]>>,
  ): Promise<void> {
    lab = await Lab.up({ version });
    await reshardCluster(lab, { targets, workflow: Object.keys(targets).length === 0 ? null : "c2" });
    await lab.startVtgate();
    await serves();
    doctor = new Doctor(lab);
    const before = await lab.topologyKeys();
    await lab.ctl("DeleteKeyspace", "--recursive", "customer");
    await until("the vtgate to fail", 20_000, async () => /^Error/.test(await asked()));
    const found = await doctor.scan("--settle", "0");
    expect(ids(found, "confirmed")).toContain(DELETED);
    const said = await doctor.write("fix", DELETED, "--yes", "--settle", "0");
    expect([said.code, said.stderr]).toEqual([4, expect.stringContaining("DeleteKeyspace")]);
    const deleted = found.findings.find(({ id }) => id === DELETED);
    expect(deleted?.repair.command).toContain("--orphans restore");
    await runNext(doctor, deleted, { more: "--yes" });
    await serves();
    expect(await lab.topologyKeys()).toEqual(before);
    await lab.ctl("GetKeyspaces");
    const [run = ""] = readdirSync(doctor.runDir);
    const undone = await doctor.write("undo", run, "--yes");
    expect([undone.code, undone.stderr + undone.stdout]).toEqual([4, expect.stringContaining("customer/0")]);
    expect(await asked()).toBe("1000");
  }

  /** As its steps say, where vtdoctor is not to do it. */
  async function byHand(said: Finding, created: string): Promise<void> {
    await runAdvised(doctor, said, "vtctldclient GetSrvVSchema");
    await runAdvised(doctor, said, "vtctldclient CreateKeyspace", { more: created });
    await lab.stop("vttablet-100");
    await lab.startVttablet(100);
    await runAdvised(doctor, said, "vtctldclient PlannedReparentShard", {
      more: "customer/0 --new-primary zone1-100",
    });
    await runAdvised(doctor, said, "vtctldclient RebuildKeyspaceGraph");
    const cells = JSON.parse(readFileSync(join(shell(doctor), "srvvschema.json"), "utf8"));
    writeFileSync(join(shell(doctor), "FILE"), JSON.stringify((cells.zone1 ?? cells).keyspaces.customer));
    await runAdvised(doctor, said, "vtctldclient ApplyVSchema");
    await gone(doctor, DELETED);
    await serves();
  }

  /** The switch is done, its source gone: what it leaves goes too, which no command of Vitess can do. */
  async function pruned(): Promise<void> {
    await running(lab, [200, 300]);
    const workflow = ["--workflow", "c2", "--target-keyspace", "customer"];
    await lab.ctl("Reshard", ...workflow, "switchtraffic");
    await lab.stop("vttablet-100");
    await lab.ctl("DeleteShards", "--recursive", "--even-if-serving", "customer/0");
    const native = await lab.tryCtl("Workflow", "--keyspace", "customer", "delete", "--workflow", "c2");
    expect([native.code, native.stderr]).toEqual([1, expect.stringContaining("node doesn't exist")]);
    const fixed = await doctor.write("fix", PRUNED, "--yes", "--settle", "30s");
    expect(fixed.code, fixed.stderr + fixed.stdout).toBe(0);
    for (const uid of [200, 300])
      expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
    await serves();
    expect(ids(await doctor.scan())).toEqual([]);
    await lab.ctl("GetWorkflows", "customer");
  }

  it("Vitess 19: a deleted keyspace comes back byte for byte, and serves; by hand too, and by hand where nobody remembers it", async () => {
    await restored("19", {});
    await lab.ctl("SetKeyspaceDurabilityPolicy", "--durability-policy", "none", "customer");
    const vschema = await lab.ctl("GetVSchema", "customer");
    await lab.ctl("DeleteKeyspace", "--recursive", "customer");
    await byHand(await finding(doctor, DELETED), "");
    expect(await lab.ctl("GetVSchema", "customer")).toBe(vschema);
    expect(await lab.ctl("GetKeyspace", "customer")).toContain('"durability_policy": "none"');

    const tablets = join(lab.dir, "inventory.yaml");
    writeFileSync(tablets, "tablets: [{host: 127.0.0.1, grpc: 16100, http: 15100}]\n");
    await lab.ctl("DeleteKeyspace", "--recursive", "customer");
    await lab.etcdctl(GLOBAL_ETCD, "compaction", String(await lab.revision()));
    const { findings } = await doctor.scan("--inventory", tablets, "--settle", "0");
    const forgotten = findings.find(({ id }) => id === DELETED);
    if (forgotten === undefined) throw new Error(`no ${DELETED}`);
    const explained = await runNext(doctor, forgotten, { more: `--inventory ${tablets}` });
    expect(explained.stdout).toContain("vtctldclient GetSrvVSchema");
    await byHand(forgotten, "--durability-policy none");
  });

  it("Vitess 24: the same under a Reshard, which is switched then; what it leaves without its source goes", async () => {
    await restored("24", { "-80": [200], "80-": [300] });
    await pruned();

    await lab.ctl("DeleteKeyspace", "--recursive", "customer");
    const meant = await finding(doctor, DELETED);
    await runAdvised(doctor, meant, `vtdoctor fix ${DELETED} --orphans retire`, {
      more: `--unsupervised --yes ${WATCH.join(" ")}`,
    });
    for (const uid of [200, 300]) {
      expect(lab.alive(`vttablet-${uid}`), `vttablet ${uid}`).toBe(false);
      expect(await lab.sql(uid, "select count(*) from customer", "vt_customer")).not.toBe("0");
    }
    expect(ids(await doctor.scan())).toEqual([]);
  });

  it("Vitess 19: what a finished switch leaves without its source", async () => {
    lab = await Lab.up({ version: "19" });
    await reshardCluster(lab, { targets: { "-80": [200], "80-": [300] } });
    await lab.startVtgate();
    doctor = new Doctor(lab);
    await pruned();
  });

  ranAllOf("restored");
});
