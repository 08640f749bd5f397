import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, TWO_CELLS, until } from "./lab/lab.js";
import { ranAllOf, runAdvised, runPrinted } from "./lab/printed.js";
import { reshardCluster, running } from "./lab/reshard.js";

/** S10: what was not seen is said, nothing is concluded from it, and the scan ends. */
describe.skipIf(labMissing() !== null)("S10, unknown is said", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  async function start(version: "24" | "19" = "24"): Promise<Doctor> {
    lab = await Lab.up({ version, cells: TWO_CELLS });
    await reshardCluster(lab);
    await lab.tablet(210, "customer", "-80", "rdonly", "zone2");
    await running(lab, [200, 300]);
    return new Doctor(lab);
  }

  async function incomplete(doctor: Doctor, subject: RegExp, ...args: string[]): Promise<void> {
    const from = Date.now();
    const document = await doctor.scan("--settle", "0", ...args);
    expect(Date.now() - from).toBeLessThan(30_000);
    expect(document.code, JSON.stringify(document.findings, null, 1)).toBe(3);
    expect(JSON.stringify(document.coverage.unanswered)).toMatch(subject);
    expect(document.findings.filter((finding) => finding.state === "confirmed")).toEqual([]);
  }

  it("a tablet hangs", async () => {
    const doctor = await start();
    lab.signal("vttablet-201", "SIGSTOP");
    await incomplete(doctor, /127\.0\.0\.1:16201.*timeout/);
    lab.signal("vttablet-201", "SIGCONT");
  });

  it("a tablet refuses", async () => {
    const doctor = await start();
    await lab.stop("vttablet-201", "SIGKILL");
    await incomplete(doctor, /127\.0\.0\.1:16201.*unreachable/);
  });

  it("one cell's etcd is unreachable", async () => {
    const doctor = await start();
    await lab.stop("etcd-22479", "SIGKILL");
    await incomplete(doctor, /zone2/);
  });

  it("the global etcd is unreachable", async () => {
    const doctor = await start();
    await lab.stop(`etcd-${GLOBAL_ETCD}`, "SIGKILL");
    const said = await doctor.run("scan", "--format", "json");
    expect([said.code, JSON.parse(said.stdout).exit.name]).toEqual([3, "incomplete"]);
    expect(said.stdout).toContain("topo-global-server-address");
  });

  it("MySQL refuses the user while that tablet's gRPC hangs", async () => {
    const doctor = await start();
    lab.signal("vttablet-300", "SIGSTOP");
    const password = join(lab.dir, "wrong");
    writeFileSync(password, "wrong\n");
    const mysql = ["--mysql-user", "vtdoctor", "--mysql-password-file", password];
    await incomplete(doctor, /denied/, ...mysql);
    writeFileSync(password, "vtdoctor\n");
    const document = await doctor.scan(...mysql);
    expect(JSON.stringify(document.coverage.unanswered)).not.toContain("denied");
    lab.signal("vttablet-300", "SIGCONT");
  });

  it("an etcd put back from an old backup: no repair without the typed confirmation", async () => {
    lab = await Lab.up({ version: "24" });
    const doctor = new Doctor(lab);
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "customer");
    await lab.etcdctl(GLOBAL_ETCD, "snapshot", "save", join(lab.dir, "old.db"));
    await lab.ctl("DeleteKeyspace", "customer");
    const targets = { "-40": [200], "40-80": [250], "80-c0": [300], "c0-": [350] };
    await reshardCluster(lab, { targets });
    await running(lab, [200, 250, 300, 350]);
    const earlier = join(lab.dir, "earlier.sqlite");
    expect((await doctor.scan("--save-snapshot", earlier)).code).toBe(0);
    await lab.putBack(GLOBAL_ETCD, join(lab.dir, "old.db"));
    const seen = ["--earlier-snapshot", earlier];
    await until("the old etcd to answer", 20_000, async () => (await lab.revision()) > 0);
    const found = await doctor.scan(...seen);
    expect(found.code).toBe(1);
    const old = found.findings.find(({ rule }) => rule === "restored-topology");
    const compared = await runAdvised(doctor, old, "vtdoctor query", { values: { "OLD.snapshot": earlier } });
    expect(compared.stdout).toContain("/vitess/global/keyspaces/customer/shards/-40/Shard");
    await runPrinted(doctor, "src/rules/match", old?.repair.command ?? "", "vtdoctor explain", {
      more: seen.join(" "),
    });
    const all = ["--all", "--orphans", "restore", "--settle", "30s", ...seen];
    const refused = await doctor.write("fix", ...all, "--yes");
    expect(refused.code, refused.stderr + refused.stdout).toBe(4);
    expect(refused.stderr).toMatch(/backup/);
    const confirmed = await doctor.write("fix", ...all, "--dry-run", "--confirm", lab.root);
    expect(confirmed.code, confirmed.stderr + confirmed.stdout).not.toBe(4);
    expect(confirmed.stdout).toContain("Plan ");
  });

  ranAllOf("unknown");
});
