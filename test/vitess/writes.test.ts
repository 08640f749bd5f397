import { afterEach, describe, expect, it } from "vitest";
import { deadAfterJournal, heldAtItsJournal, revokeLocks } from "./lab/cutover.js";
import { Doctor, ids } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, until } from "./lab/lab.js";
import { ranAllOf, runAdvised, runNext } from "./lab/printed.js";
import { reshardCluster, running } from "./lab/reshard.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];
const INTERRUPTED = "interrupted-write-switch@customer/0";
const FORBIDDEN = "writes-served-by-no-shard@customer/0";
const JOURNALS = "select count(*) from _vt.resharding_journal";

/** S14: a cutover that died right after its journal, and the cancel that Vitess 24 accepts then. */
describe.skipIf(labMissing() !== null)("S14, no shard takes writes", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** vtctld's host is so far behind. */
  async function clockBehind(ms: number): Promise<void> {
    const named = [...(await lab.topologyKeys())].find(([key]) => key.includes("/named_locks/"));
    if (named === undefined) throw new Error("the switch holds no named lock");
    const body = JSON.parse(Buffer.from(named[1], "base64").toString());
    const Time = new Date(Date.parse(body.Time) - ms).toISOString();
    await lab.etcdctl(GLOBAL_ETCD, "put", "--ignore-lease", named[0], JSON.stringify({ ...body, Time }));
  }

  const writes = (id: number): Promise<string> =>
    lab.gate("customer@primary", `insert into customer(id, name) values (${id}, 'new')`);

  it("explained while its workflow is there, mended after the cancel, proven by a write through vtgate", async () => {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    await lab.startVtgate();
    await until(
      "vtgate to take a write",
      30_000,
      async () => (await writes(20_000).catch(() => null)) !== null,
    );
    const doctor = new Doctor(lab);
    await deadAfterJournal(lab, async () => {
      // It lives, whatever its holder's clock says: etcd's lease tells how old its lock is.
      await clockBehind(600_000);
      const { findings } = await doctor.scan("--settle", "0");
      expect(
        findings.filter(({ severity, state }) => severity === "critical" && state !== "deferred"),
      ).toEqual([]);
      expect(findings.map(({ rule }) => rule)).not.toContain("topo-lock-stale");
      expect(findings.map(({ because }) => because).join()).toMatch(/by its lease.*clock skew of 1\d min/);
    });
    expect(ids(await doctor.scan(), "deferred")).toContain(INTERRUPTED);
    await revokeLocks(lab);
    await expect(writes(20_001)).rejects.toThrow();

    const interrupted = (await doctor.scan()).findings.find(({ id }) => id === INTERRUPTED);
    expect(interrupted).toMatchObject({
      severity: "critical",
      state: "confirmed",
      repair: { class: "manual" },
    });
    expect(interrupted?.symptom).toContain("died after its journal");
    const refused = await doctor.write("fix", INTERRUPTED, "--yes");
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringContaining("--max-replication-lag-allowed 24h"),
    ]);

    await lab.ctl("Reshard", ...NAME, "cancel");
    expect(await lab.ctl("Validate")).toContain("no issues found");
    const found = (await doctor.scan()).findings.find(({ id }) => id === FORBIDDEN);
    expect(found).toMatchObject({ severity: "critical", state: "confirmed", repair: { class: "confirm" } });
    expect(found?.evidence.map(({ fact }) => fact).join()).toMatch(/query_service_disabled.*NOT_SERVING/);

    await runAdvised(doctor, found, `vtdoctor fix ${FORBIDDEN} --dry-run`, { code: 1 });
    await runNext(doctor, found, { more: "--yes" });
    await until(
      "vtgate to take a write",
      30_000,
      async () => (await writes(20_002).catch(() => null)) !== null,
    );
    expect(await lab.sql(100, "select count(*) from customer where id >= 20000", "vt_customer")).toBe("2");
    expect(await lab.sql(100, JOURNALS)).toBe("0");
    expect(ids(await doctor.scan()).filter((id) => id === FORBIDDEN || id === INTERRUPTED)).toEqual([]);
    await lab.stop("vttablet-100");
    await lab.startVttablet(100);
  });

  it("a living switch of v19, whose lock ended after 30 s, is not called dead on one look", async () => {
    lab = await Lab.up({ version: "19" });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    const doctor = new Doctor(lab);
    const { through, switched } = await heldAtItsJournal(lab);
    const locks = async () => [...(await lab.topologyKeys()).keys()].filter((key) => key.includes("/locks/"));
    await until("its lock to end", 50_000, async () => (await locks()).length === 0);
    const { findings } = await doctor.scan("--settle", "0");
    expect(findings.find(({ id }) => id === INTERRUPTED)?.state).toBe("suspected");
    expect(
      findings.filter(({ severity, state }) => severity === "critical" && state === "confirmed"),
    ).toEqual([]);
    await through();
    // It misses its lock only when it gives it back: the writes are switched.
    expect((await switched).stderr).toMatch(/^$|node doesn't exist: lease/);
    for (const shard of ["-80", "80-"])
      expect(await lab.ctl("GetShard", `customer/${shard}`)).toContain('"is_primary_serving": true');
    expect(ids(await doctor.scan())).not.toContain(INTERRUPTED);
  });

  ranAllOf("writes");
});
