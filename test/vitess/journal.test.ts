import { afterEach, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing } from "./lab/lab.js";
import { ranAllOf, runNext } from "./lab/printed.js";
import { createReshard, insert, reshardCluster, running } from "./lab/reshard.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];
const COLLISION = "journal-id-collision@customer.c2";

/** S15: journals stay for ever, and their ids come again on targets that are set up anew. */
describe.skipIf(labMissing() !== null)("S15, the loaded gun", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const journals = () => lab.sql(100, "select id from _vt.resharding_journal");

  it("is found before the switch, and after the repair the switch loses no row", async () => {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    const doctor = new Doctor(lab);

    await lab.ctl("Reshard", ...NAME, "switchtraffic");
    expect(ids(await doctor.scan())).not.toContain(COLLISION);
    await lab.ctl("Reshard", ...NAME, "reversetraffic");
    await lab.ctl("Reshard", ...NAME, "cancel");
    const old = await journals();
    expect(old).toMatch(/^\d+$/);
    expect(ids(await doctor.scan())).not.toContain(COLLISION);

    // What fresh targets have.
    for (const uid of [200, 300]) await lab.sql(uid, "alter table _vt.vreplication auto_increment = 1");
    await createReshard(lab, "customer", "c2", ["-80", "80-"]);
    await running(lab, [200, 300]);
    await insert(lab, "customer", "customer", 2000, 10);

    const found = (await doctor.scan()).findings.find(({ id }) => id === COLLISION);
    expect(found).toMatchObject({ severity: "critical", state: "confirmed" });
    const cancel = await doctor.write("cancel", "customer.c2", "--yes");
    expect([cancel.code, cancel.stderr]).toEqual([4, expect.stringContaining(old)]);

    await runNext(doctor, found, { more: "--yes" });
    expect(await journals()).toBe("");
    expect(ids(await doctor.scan())).not.toContain(COLLISION);

    const held = lab.sql(300, "lock tables customer read; select sleep(6)", "vt_customer");
    await insert(lab, "customer", "customer", 3000, 1000);
    const switched = await lab.ctl("Reshard", ...NAME, "switchtraffic", "--tablet-types", "primary");
    await held;
    expect(switched).not.toMatch(/left over/i);
    const rows = await Promise.all(
      [200, 300].map((uid) => lab.sql(uid, "select count(*) from customer", "vt_customer")),
    );
    expect(rows.map(Number).reduce((sum, count) => sum + count)).toBe(2010);
    expect(await lab.sql(100, "select count(*) from _vt.vreplication where workflow = 'c2_reverse'")).toBe(
      "2",
    );
    expect(await journals()).toBe(old);
    expect(ids(await doctor.scan())).not.toContain(COLLISION);
  });

  ranAllOf("journal");
});
