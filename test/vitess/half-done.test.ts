import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/cli/clock.js";
import type { Plan } from "../../src/plan/plan.js";
import { ShardReferenceSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { createTabletWriter } from "../../src/tablets/writer.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import { decodeSrvKeyspace, encodeSrvKeyspace } from "../../src/topology/records.js";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, type Ran, until } from "./lab/lab.js";
import { dropTargets } from "./lab/locks.js";
import { records } from "./lab/plans.js";
import { alsoPrinted, finding, ranAllOf, runAdvised, runNext, runPrinted } from "./lab/printed.js";
import { aged, createReshard, elect, reshardCluster, running, stillArrives } from "./lab/reshard.js";

/** S11: a shard-dropping cancel died half-way, and more went wrong since. */
describe.skipIf(labMissing() !== null)("S11, a half-done cancel", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** A reference table on shard 0 that a Materialize keeps: Reshard copies its stream to every target. */
  async function reference(): Promise<void> {
    const country = "create table country(id bigint primary key, name varchar(64))";
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "geo");
    await lab.tablet(400, "geo", "0");
    await elect(lab, "geo", "0", 400);
    await lab.ctl("ApplySchema", "--sql", country, "geo");
    await lab.sql(400, "insert into country values (7, 'seven')", "vt_geo");
    const settings = [
      { target_table: "country", source_expression: "select * from country", create_ddl: "" },
    ];
    const name = ["--workflow", "ref", "--target-keyspace", "customer"];
    const from = ["--source-keyspace", "geo", "--table-settings", JSON.stringify(settings)];
    await lab.ctl("Materialize", ...name, "create", ...from);
    await running(lab, [100], "ref");
  }

  /** The row that an interrupted SwitchTraffic leaves: made by the engine, and never started. */
  async function reverseStream(shard: string): Promise<void> {
    const options = { timeoutMs: 10_000, concurrency: 1, concurrencyPerHost: 1, tls: null, staticAuth: null };
    const writer = createTabletWriter({ ...options, mysql: null }, systemClock);
    const source = `keyspace:"customer" shard:"${shard}" filter:{rules:{match:"/.*" filter:"-"}}`;
    const columns =
      "workflow, source, pos, max_tps, max_replication_lag, time_updated, transaction_timestamp, state, db_name, workflow_type, options";
    const values = `'c2_reverse', '${source}', '', 0, 0, 0, 0, 'Stopped', 'vt_customer', 4, '{}'`;
    const statement = `insert into _vt.vreplication(${columns}) values (${values})`;
    const at = {
      host: "127.0.0.1",
      grpcPort: 16_100,
      httpPort: 15_100,
      mysqlHost: "127.0.0.1",
      mysqlPort: 27_100,
    };
    const made = await writer.vreplicationExec(at, statement);
    writer.close();
    expect(made.kind, JSON.stringify(made)).toBe("answered");
  }

  /** A secondary key that the copy has put off, and a VDiff. */
  async function leftovers(uid: number, shard: string): Promise<void> {
    const action = JSON.stringify({
      task: "alter table vt_customer.customer add key late (name)",
      type: 1,
    });
    await lab.sql(
      uid,
      `insert into _vt.post_copy_action(vrepl_id, table_name, action) select id, 'customer', '${action}' from _vt.vreplication where workflow='c2'`,
    );
    const values = `uuid(), 'c2', 'customer', '${shard}', 'vt_customer', 'completed', '{}'`;
    await lab.sql(
      uid,
      `insert into _vt.vdiff(vdiff_uuid, workflow, keyspace, shard, db_name, state, options) values (${values})`,
    );
  }

  /** One target deleted, its replica restarted; one deleted, its primary down; one intact; with everything that a workflow can leave. */
  async function wrecked(): Promise<Doctor> {
    lab = await Lab.up({ version: "24" });
    const targets = { "-40": [200, 201], "40-80": [250], "80-": [300] };
    await reshardCluster(lab, {
      targets,
      schema: ["create table country(id bigint primary key, name varchar(64))"],
      vschemaTables: { country: { type: "reference" } },
      workflow: null,
    });
    await reference();
    await createReshard(lab, "customer", "c2", Object.keys(targets));
    await running(lab, [200, 250, 300]);
    await running(lab, [200, 250, 300], "ref");
    await aged(lab, [200, 250, 300]);
    await leftovers(200, "-40");
    await leftovers(300, "80-");
    for (const shard of Object.keys(targets)) await reverseStream(shard);
    await dropTargets(lab, { "-40": [200, 201], "40-80": [250] });
    await lab.stop("vttablet-250", "SIGKILL");
    await lab.stop("vttablet-201");
    await lab.startVttablet(201);
    await until("200 to name itself", 60_000, async () =>
      (await lab.ctl("GetShard", "customer/-40")).includes('"uid": 200'),
    );
    return new Doctor(lab);
  }

  /** What it says, and the plan that it saves: the whole repair, streams first. */
  async function planned(dryRun: (flags: string) => Promise<Ran>): Promise<readonly [said: Ran, plan: Plan]> {
    const out = join(lab.dir, "plan.json");
    const dry = await dryRun(`--dry-run --out ${out}`);
    expect(dry.stdout).toContain("customer/40-80 was dropped by the same cancel");
    const plan = JSON.parse(readFileSync(out, "utf8")) as Plan;
    const steps = plan.stages.flatMap((stage) => stage.steps);
    const kinds = steps.map(({ kind }) => kind);
    const stopped = steps.flatMap((step) =>
      step.kind === "stream.stop" ? [`${step.workflow} ${step.tablet.alias}`] : [],
    );
    expect(kinds.slice(0, stopped.length)).toEqual(stopped.map(() => "stream.stop"));
    expect([...stopped].sort()).toEqual([
      "c2 zone1-0000000200",
      "c2 zone1-0000000300",
      "c2_reverse zone1-0000000100",
      "ref zone1-0000000200",
      "ref zone1-0000000300",
    ]);
    return [dry, plan];
  }

  async function repairedBy(doctor: Doctor, [said, { id }]: readonly [Ran, Plan]): Promise<void> {
    const next = { more: "--yes", code: 1 };
    const done = await runPrinted(doctor, "src/cli/carry-out", said, "vtdoctor fix --plan", next);
    expect(done.stdout + done.stderr).toContain("customer/40-80 was dropped by the same cancel");
    for (const uid of [200, 300])
      for (const table of ["vreplication", "copy_state", "post_copy_action", "vdiff"])
        expect(await lab.sql(uid, `select count(*) from _vt.${table}`), `${table} on ${uid}`).toBe("0");
    const keys = readFileSync(join(doctor.runDir, id, "deferred-keys.sql"), "utf8");
    for (const uid of [200, 300]) expect(keys).toContain(`zone1-0000000${uid}`);
    expect(await lab.sql(100, "select workflow, state from _vt.vreplication")).toBe("ref\tRunning");
    expect(await stillArrives(lab, "customer", "customer", 5001, [200, 300])).toBe(false);
    expect(await lab.ctl("GetTablets")).toContain("zone1-0000000200");
    const after = await doctor.scan();
    expect(
      ids(after, "confirmed", "suspected").filter((id) => !id.startsWith("cancelled-workflow-")),
    ).toEqual([]);
  }

  it("is one plan of cancel: stopped first everywhere, the rest in order, and what is down is said", async () => {
    const doctor = await wrecked();
    const half = await finding(doctor, "workflow-half-cancelled");
    const dry = await runAdvised(doctor, half, `vtdoctor fix ${half.id} --dry-run`, { code: 1 });
    const cancel = (flags: string) =>
      runAdvised(doctor, half, "vtdoctor cancel", { more: `--keep-data ${flags}`, code: 1 });
    const plan = await planned(cancel);
    alsoPrinted("src/plan/recipes/half-cancel", dry, "vtdoctor cancel");
    await repairedBy(doctor, plan);
  });

  it("is one story of scan, whose command repairs all that can be repaired now", async () => {
    const doctor = await wrecked();
    const found = await doctor.scan();
    const roots = found.findings.filter(({ causedBy }) => causedBy === null);
    expect(roots.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "workflow-half-cancelled@customer/c2 confirmed",
    ]);
    expect(roots[0]?.repair.command).toBe("vtdoctor fix workflow-half-cancelled@customer/c2");
    expect(JSON.stringify(roots[0])).toContain("customer/40-80");
    await repairedBy(doctor, await planned((more) => runNext(doctor, roots[0], { more, code: 1 })));
  });

  /** A serving graph that names a target beside its source: v19's cancel does not take that for switched, and can not delete that shard. */
  async function alsoServes(shard: string): Promise<void> {
    const store = connectEtcdStore(lab.server, { timeoutMs: 5000, tls: null }, systemClock);
    const key = "/vitess/zone1/keyspaces/customer/SrvKeyspace";
    const read = await store.get(key);
    const graph = decodeSrvKeyspace(
      read.kind === "answered" && read.value.entry !== null ? read.value.entry.value : new Uint8Array(),
    );
    if (graph.kind !== "answered") throw new Error(graph.message);
    for (const partition of graph.value.partitions)
      if (partition.servedType === TabletType.RDONLY)
        partition.shardReferences.push(create(ShardReferenceSchema, { name: shard }));
    const value = encodeSrvKeyspace(graph.value);
    const put = await store.txn({ compares: [], operations: [{ kind: "put", key, value }] });
    store.close();
    expect(put.kind, JSON.stringify(put)).toBe("answered");
  }

  it("of real v19, which failed at one shard and had dropped the others, is repaired in one plan", async () => {
    lab = await Lab.up({ version: "19" });
    const targets = { "-40": [200, 201], "40-80": [250], "80-": [300] };
    await reshardCluster(lab, { targets });
    await running(lab, [200, 250, 300]);
    await aged(lab, [200, 250, 300]);
    const before = await lab.topologyKeys();
    await alsoServes("80-");
    const native = await lab.tryCtl("Reshard", "--workflow", "c2", "--target-keyspace", "customer", "cancel");
    expect(native.stdout + native.stderr).toContain("shard customer/80- is still serving");
    await lab.ctl("RebuildKeyspaceGraph", "customer");
    const left = [...records(await lab.topologyKeys()).keys()];
    expect(left.filter((key) => /-40|40-80|0200|0201|0250/.test(key))).toEqual([]);
    expect(left).toContain("/vitess/global/keyspaces/customer/shards/80-/Shard");
    expect(await stillArrives(lab, "customer", "customer", 5001, [300])).toBe(true);

    const doctor = new Doctor(lab);
    const found = await doctor.scan();
    const roots = found.findings.filter(({ causedBy }) => causedBy === null);
    expect(roots.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "workflow-half-cancelled@customer/c2 confirmed",
    ]);
    expect(roots[0]?.symptom).toContain("dropped customer/-40 and customer/40-80 and left customer/80-");
    await runNext(doctor, roots[0], { more: "--yes" });
    expect(records(await lab.topologyKeys())).toEqual(records(before));
    const after = await doctor.scan();
    expect(after.code, JSON.stringify(after.findings, null, 1)).toBe(0);
    expect(await stillArrives(lab, "customer", "customer", 5002, [200, 250, 300])).toBe(false);
    for (const uid of [200, 250, 300]) await lab.sql(uid, "drop table customer", "vt_customer");
    await createReshard(lab, "customer", "c3", Object.keys(targets));
    await running(lab, [200, 250, 300], "c3");
  });

  ranAllOf("half-done");
});
