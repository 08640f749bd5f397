import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { claimFolder } from "../../src/apply/runs/folder-owner.js";
import { ownerOf } from "../../src/cli/owner.js";
import type { Finding } from "../../src/findings/finding.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { contextOf, emptyFolder, operatorAt, vtdoctor } from "../cli/harness.js";
import { unserved } from "../crash/residue-scenes.js";
import { moving, orphaned, running, type Scene } from "../crash/scene.js";
import { misrouted } from "../crash/serving-scenes.js";
import { changed, imageOf, userRows } from "../crash/world-image.js";

const imageNow = (cluster: SimCluster) => {
  cluster.clock.advance(60_000);
  return imageOf(cluster, [cluster.topology.global.etcd.server]);
};

/** With `list`: a command on the runs alone, without a cluster. */
function operatorOf(cluster: SimCluster, folder = emptyFolder()) {
  const operator = operatorAt(cluster, folder);
  const list = (line: string) => vtdoctor([...line.split(" "), "--run-dir", join(folder, "runs")]);
  return { ...operator, list };
}

/** A cancelled scene, with the state before the cancel and the run's id. */
async function cancelled(scene: Scene) {
  const cluster = scene.build();
  const before = imageNow(cluster);
  const operator = operatorOf(cluster);
  const workflow = `${scene.request.keyspace ?? "customer"}.c2`;
  const said = await operator.write(`cancel ${workflow} --yes`);
  expect(said.code, said.err + said.out).toBe(0);
  const [run = ""] = readdirSync(join(operator.folder, "runs"));
  return { cluster, before, operator, run, workflow };
}

/** Streams and their VDiffs do not come back. */
const butStreams = (names: readonly string[]) =>
  names.filter((name) => !/^(stream|engine|copy|action) /.test(name));

describe("vtdoctor undo", () => {
  it("brings the held tables back, and says that the streams stay away", async () => {
    const { cluster, before, operator, run } = await cancelled(running);
    expect(butStreams(changed(before, imageNow(cluster))).length).toBeGreaterThan(3);

    const dry = await operator.write(`undo ${run} --dry-run`);
    expect(dry.code, dry.err).toBe(1);
    expect(dry.out).toContain(`vtdoctor_hold_${run}`);
    expect(dry.out).toMatch(/not taken back: .*stream\.delete.*a new workflow copies again/s);
    const held = imageNow(cluster);
    expect(readdirSync(join(operator.folder, "runs"))).toEqual([run]);

    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.err + undone.out).toBe(0);
    expect(butStreams(changed(before, imageNow(cluster)))).toEqual([]);
    expect(changed(held, imageNow(cluster)).length).toBeGreaterThan(0);
    for (const tablet of cluster.tablets) {
      expect([...tablet.mysql.data.databases.keys()].filter((name) => name.includes("hold"))).toEqual([]);
    }
    expect(undone.out).toMatch(/a stream that was taken apart\s+can not/);
  });

  it("puts rules, VSchema and denials back byte for byte", async () => {
    const { cluster, before, operator, run } = await cancelled(moving);
    const after = butStreams(changed(before, imageNow(cluster)));
    expect(after.filter((name) => name.startsWith("key ")).length).toBeGreaterThan(2);
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.err + undone.out).toBe(0);
    // No stream comes back with the denial.
    expect(undone.err).toMatch(/vtdoctor finds then: keep-data-denial-residue@moved\/0\s+\(warning\)/);
    expect(butStreams(changed(before, imageNow(cluster)))).toEqual([]);
  });

  it("does nothing the second time, and says who did it", async () => {
    const { cluster, operator, run } = await cancelled(moving);
    expect((await operator.write(`undo ${run} --yes`)).code).toBe(0);
    const image = imageNow(cluster);
    const again = await operator.write(`undo ${run} --yes`);
    expect([again.code, again.out]).toEqual([0, expect.stringMatching(/nothing to do[\s\S]*took it back/)]);
    expect(changed(image, imageNow(cluster))).toEqual([]);
  });

  it("takes nothing over: a table of that name that exists now stays, and so do the held ones", async () => {
    const { cluster, operator, run } = await cancelled(running);
    const database = cluster.tablet("zone1-0000000200").mysql.data.databases.get("vt_customer");
    const held = cluster.tablet("zone1-0000000200").mysql.data.databases.get(`vtdoctor_hold_${run}`);
    const table = held?.get("corder");
    if (table !== undefined) database?.set("corder", { ...table, rows: new Map([["1", "new"]]) });
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.out).toBe(4);
    expect(undone.err).toMatch(/corder exists in vt_customer on zone1-0000000200 again/);
    expect([...(held?.keys() ?? [])]).toEqual(["corder", "customer"]);
    expect(database?.get("corder")?.rows.get("1")).toBe("new");
    expect(cluster.tablet("zone1-0000000300").mysql.data.databases.get("vt_customer")?.has("corder")).toBe(
      false,
    );
  });

  it("leaves alone what somebody wrote since, and what belongs with it, and says what to compare", async () => {
    const { cluster, operator, run } = await cancelled(moving);
    const etcd = cluster.topology.global.etcd;
    const key = "/vitess/global/RoutingRules";
    const [image] = readdirSync(join(operator.folder, "runs", run, "before"))
      .map((name) => JSON.parse(readFileSync(join(operator.folder, "runs", run, "before", name), "utf8")))
      .filter((one) => one.key === key);
    const rules = Buffer.from(image.value, "base64");
    // Another target for the same tables: no longer the run's to decide.
    etcd.put(
      key,
      Buffer.from(rules.toString("latin1").replaceAll("customer.customer", "elsewher.customer"), "latin1"),
    );
    const there = imageNow(cluster);
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.out).toBe(4);
    expect(undone.err).toMatch(/routing rules [\s\S]*can not be put back: there is another\s+rule for/);
    expect(Buffer.from(etcd.get(key)?.value ?? []).toString("latin1")).toContain("elsewher.customer");
    expect(changed(there, imageNow(cluster))).toEqual([]);
  });

  it("refuses a run of which nothing has a way back", async () => {
    const cluster = orphaned.build();
    const operator = operatorOf(cluster);
    expect((await operator.write("fix shard-missing-live-tablets@customer/-80 --yes")).code).toBe(0);
    const [run] = readdirSync(join(operator.folder, "runs"));
    const image = imageNow(cluster);
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.out).toBe(4);
    expect(undone.err).toMatch(/never restarted on an orphan/);
    expect(changed(image, imageNow(cluster))).toEqual([]);
  });

  it("brings back what a fix repaired, and says so", async () => {
    const cluster = misrouted.build();
    const before = imageNow(cluster);
    const operator = operatorOf(cluster);
    const found = JSON.parse((await operator.type("scan --format json")).out).findings as readonly Finding[];
    const sick = found.find(({ rule }) => rule === "served-shard-without-tables");
    const fixed = await operator.write(`fix ${sick?.id} --yes`);
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    const [run = ""] = readdirSync(join(operator.folder, "runs"));
    expect(changed(before, imageNow(cluster)).length).toBeGreaterThan(0);
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.err + undone.out).toBe(0);
    expect(undone.out).toContain(`this brings back what the run repaired: ${sick?.id}`);
    expect(changed(before, imageNow(cluster)).filter((name) => name.startsWith("key "))).toEqual([]);
  });

  it("deletes again what a fix created, and says before it what that brings back", async () => {
    const cluster = unserved.build();
    const { key } = cluster.topology.srvKeyspace("zone1", "customer");
    const operator = operatorOf(cluster);
    const fixed = await operator.write("fix srvkeyspace-missing@zone1/customer --yes");
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    expect(fixed.err).toMatch(/undo: the record did not exist and is deleted again, if nobody changed it/);
    const [run = ""] = readdirSync(join(operator.folder, "runs"));
    const dry = await operator.write(`undo ${run} --dry-run`);
    expect(dry.out).toMatch(/deletes SrvKeyspace of customer in cell zone1, by which PRIMARY goes to 0/);
    expect(dry.out).toContain("this brings back what the run repaired: srvkeyspace-missing@zone1/customer");
    expect(dry.out).toMatch(/vtdoctor finds then: srvkeyspace-missing@zone1\/customer\s+\(critical\)/);
    expect((await operator.write(`undo ${run} --yes`)).code).toBe(0);
    expect(cluster.topology.global.etcd.get(key)).toBeNull();
  });

  it("leaves what a fix created where somebody changed it since", async () => {
    const cluster = unserved.build();
    const graph = cluster.topology.srvKeyspace("zone1", "customer");
    const operator = operatorOf(cluster);
    expect((await operator.write("fix srvkeyspace-missing@zone1/customer --yes")).code).toBe(0);
    const record = graph.get();
    if (record === null) throw new Error("nothing was created");
    graph.put({ ...record, partitions: record.partitions.slice(0, 2) });
    const [run = ""] = readdirSync(join(operator.folder, "runs"));
    const undone = await operator.write(`undo ${run} --yes`);
    expect([undone.code, undone.err]).toEqual([
      4,
      expect.stringMatching(/SrvKeyspace of customer in cell zone1 can not be deleted again: it was changed/),
    ]);
    expect(graph.get()?.partitions).toHaveLength(2);
  });

  it("asks whether another run was meant", async () => {
    const { operator, run } = await cancelled(running);
    for (const command of ["undo", "purge", "resume"]) {
      const said = await operator.write(`${command} ${run}x --yes`);
      expect([said.code, said.err]).toEqual([2, expect.stringContaining(`Did you mean "${run}"?`)]);
    }
  });

  it("ends a run: it is not resumed after it was taken back", async () => {
    const { operator, run } = await cancelled(running);
    await operator.write(`undo ${run} --yes`);
    const resumed = await operator.write(`resume ${run} --yes`);
    expect([resumed.code, resumed.err]).toEqual([4, expect.stringMatching(/was taken back by run/)]);
  });
});

describe("a run that somebody works on", () => {
  it("is neither taken back nor purged", async () => {
    const { cluster, operator, run } = await cancelled(running);
    claimFolder(join(operator.folder, "runs", run), ownerOf(contextOf({})));
    const image = imageNow(cluster);
    for (const command of [`undo ${run} --yes`, `purge ${run} --yes --confirm customer`]) {
      const said = await operator.write(command);
      expect([said.code, said.err]).toEqual([4, expect.stringContaining("is being executed by process")]);
    }
    expect(changed(image, imageNow(cluster))).toEqual([]);
    expect((await operator.write(`undo ${run} --dry-run`)).code).toBe(1);
  });
});

describe("vtdoctor purge", () => {
  it("drops what the run holds, for the keyspace's name; then undo says that the data is gone", async () => {
    const { cluster, operator, run } = await cancelled(running);
    const rows = userRows(cluster).length;
    const refused = await operator.write(`purge ${run} --yes`);
    expect([refused.code, refused.err]).toEqual([4, expect.stringContaining("--confirm customer")]);
    expect(userRows(cluster).length).toBe(rows);

    const purged = await operator.write(`purge ${run} --yes --confirm customer`);
    expect(purged.code, purged.err + purged.out).toBe(0);
    for (const tablet of cluster.tablets) {
      expect([...tablet.mysql.data.databases.keys()].filter((name) => name.includes("hold"))).toEqual([]);
    }
    const again = await operator.write(`purge ${run} --yes --confirm customer`);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining("holds nothing any more")]);
    const undone = await operator.write(`undo ${run} --yes`);
    expect([undone.code, undone.err]).toEqual([
      4,
      expect.stringMatching(/data is gone: run \w+ purged it at/),
    ]);
  });

  it("refuses a schema that has a table of somebody else", async () => {
    const { cluster, operator, run } = await cancelled(running);
    const { databases } = cluster.tablet("zone1-0000000200").mysql.data;
    const table = databases.get(`vtdoctor_hold_${run}`)?.get("corder");
    if (table !== undefined) databases.get(`vtdoctor_hold_${run}`)?.set("mine", { ...table, name: "mine" });
    const purged = await operator.write(`purge ${run} --yes --confirm customer`);
    expect(purged.out + purged.err).toMatch(/also has mine, which run \w+ did not put there/);
    expect([...(databases.get(`vtdoctor_hold_${run}`)?.keys() ?? [])].sort()).toEqual([
      "corder",
      "customer",
      "mine",
    ]);
    expect(cluster.tablet("zone1-0000000300").mysql.data.databases.has(`vtdoctor_hold_${run}`)).toBe(false);
  });
});

describe("held-data-left", () => {
  it("reminds of what a run holds, with both commands, until it is purged", async () => {
    const { operator, run } = await cancelled(running);
    const found = await operator.type("scan --format json");
    expect(found.code, found.err).toBe(0);
    const finding = JSON.parse(found.out).findings.find(
      ({ id }: { id: string }) => id === `held-data-left@${run}/customer`,
    );
    expect(finding).toMatchObject({ severity: "info" });
    expect(JSON.stringify(finding)).toContain(`vtdoctor undo ${run}`);
    expect(JSON.stringify(finding)).toContain(`vtdoctor purge ${run}`);
    await operator.write(`purge ${run} --yes --confirm customer`);
    expect((await operator.type("scan --format json")).out).not.toContain("held-data-left@");
  });
});

describe("vtdoctor runs", () => {
  it("lists who did what and when, what is held, and what can be taken back", async () => {
    const { operator, run, workflow } = await cancelled(running);
    const list = async () =>
      JSON.parse((await operator.list("runs --format json")).out).runs as readonly Record<string, unknown>[];
    expect(await list()).toMatchObject([
      {
        run,
        operation: "cancel",
        by: ["operator@host"],
        command: expect.stringContaining(`cancel ${workflow}`),
        result: "finished",
        held: [{ shard: "-80", tables: ["corder", "customer"] }, { shard: "80-" }],
        undo: { possible: true },
      },
    ]);
    const human = await operator.list("runs");
    expect(human.out).toContain(`vtdoctor purge ${run}`);
    await operator.write(`undo ${run} --yes`);
    const [cancel, undo] = await list();
    expect(cancel).toMatchObject({ held: [], undo: { possible: false } });
    expect(undo).toMatchObject({ operation: "undo", of: run, undo: { possible: false } });
  });

  it("tells one run as a story, the same that its folder holds", async () => {
    const { operator, run } = await cancelled(moving);
    const told = await operator.list(`runs ${run}`);
    expect(told.out).toMatch(/started by operator@host/);
    expect(told.out).toMatch(/finished: every step reached its end state/);
    expect(told.out).toMatch(/before: before\/06-record\.write\.json/);
    const report = readFileSync(join(operator.folder, "runs", run, "report.txt"), "utf8");
    expect(told.out.trim()).toBe(report.trim());
  });

  it("hides no run behind a damaged one", async () => {
    const { operator, run } = await cancelled(running);
    const broken = join(operator.folder, "runs", "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "plan.json"), "{");
    const listed = await operator.list("runs");
    expect(listed.out).toContain(run);
    expect(listed.out).toMatch(/broken\s+damaged:/);
    rmSync(join(operator.folder, "runs", run, "before"), { recursive: true });
    const undone = await operator.write(`undo ${run} --yes`);
    expect([undone.code, undone.err]).toEqual([4, expect.stringMatching(/is missing or damaged/)]);
  });

  it("says so where there is none", async () => {
    const folder = emptyFolder();
    const said = await operatorOf(running.build(), folder).list("runs");
    expect([said.code, said.out]).toEqual([0, expect.stringContaining("no runs in")]);
  });
});
