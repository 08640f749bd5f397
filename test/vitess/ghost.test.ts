import { afterEach, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, sleep, until } from "./lab/lab.js";
import { versions } from "./lab/long.js";
import { ranAllOf, runNext } from "./lab/printed.js";
import { insert, reshardCluster, running } from "./lab/reshard.js";

const GHOST = "stream-without-row@zone1-0000000200/c2/1";

/** S8: a row that somebody deleted by SQL leaves its stream running; Vitess can not stop it any more. */
describe.skipIf(labMissing() !== null)("S8, a ghost", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** Twenty more rows at the source; how many of them came to the target. */
  async function arriving(uid: number, from: number): Promise<number> {
    await insert(lab, "customer", "customer", from, 20);
    await sleep(3000);
    const count = await lab.sql(
      uid,
      `select count(*) from customer where id between ${from} and ${from + 19}`,
      "vt_customer",
    );
    return Number(count);
  }

  const rows = (uid: number) => lab.sql(uid, "select count(*) from _vt.vreplication");

  it.each(versions(["24"]))(
    "v%s: found, ended through the tablet, and nothing arrives any more",
    async (version) => {
      lab = await Lab.up({ version });
      await reshardCluster(lab);
      await running(lab, [200, 300]);
      const doctor = new Doctor(lab);
      expect(ids(await doctor.scan())).toEqual([]);

      await lab.sql(200, "delete from _vt.vreplication");
      await lab.tryCtl("Workflow", "--keyspace", "customer", "delete", "--workflow", "c2", "--shards", "-80");
      expect(await arriving(200, 5000)).toBeGreaterThan(0);

      const seen = await doctor.scan();
      const ghost = seen.findings.find(({ id }) => id === GHOST);
      expect(ghost).toMatchObject({ severity: "critical", state: "confirmed" });

      await runNext(doctor, ghost, { more: "--yes" });
      expect(await rows(200)).toBe("0");
      await until("the replica to have no row", 10_000, async () => (await rows(201)) === "0");
      expect(await arriving(200, 6000)).toBe(0);
      expect(ids(await doctor.scan())).not.toContain(GHOST);
      const again = await doctor.write("fix", "--keyspace", "customer", "--yes");
      expect(again.stdout + again.stderr).not.toContain("ghost.stop");
    },
  );

  ranAllOf("ghost");
});
