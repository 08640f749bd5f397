import { afterEach, describe, expect, it } from "vitest";
import { migrationId } from "../../src/cluster/journal.js";
import { Doctor } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, TWO_CELLS } from "./lab/lab.js";
import { reshardCluster, running } from "./lab/reshard.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];

/** S4: a cancel that would destroy something refuses before it takes any lock, and changes nothing. */
describe.skipIf(labMissing() !== null)("S4, refused", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  async function start(): Promise<Doctor> {
    lab = await Lab.up({ version: "24", cells: TWO_CELLS });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    return new Doctor(lab);
  }

  const world = async () => ({
    revisions: await Promise.all([GLOBAL_ETCD, 22479].map((port) => lab.revision(port))),
    rows: await Promise.all(
      [100, 200, 300].map((uid) =>
        lab.sql(uid, "select id, workflow, state, message, stop_pos from _vt.vreplication"),
      ),
    ),
    tables: await Promise.all([200, 300].map((uid) => lab.sql(uid, "show tables", "vt_customer"))),
  });

  async function refuses(doctor: Doctor, ...facts: readonly (string | RegExp)[]): Promise<void> {
    const before = await world();
    const said = await doctor.write("cancel", "customer.c2", "--yes");
    expect(said.code, said.stderr + said.stdout).toBe(4);
    for (const fact of facts) expect(said.stderr).toMatch(fact);
    expect(await world()).toEqual(before);
  }

  it("reads switched: names cell, partition, shard, key and revision", async () => {
    const doctor = await start();
    await lab.ctl("Reshard", ...NAME, "switchtraffic", "--tablet-types", "replica", "--cells", "zone2");
    await refuses(
      doctor,
      /zone2/,
      /REPLICA/,
      /-80/,
      /\/cells\/two\/keyspaces\/customer\/SrvKeyspace/,
      /revision \d+/,
      /instead|reversetraffic/i,
    );
  });

  it("writes switched, and this workflow's own FROZEN row", async () => {
    const doctor = await start();
    await lab.ctl("Reshard", ...NAME, "switchtraffic");
    await refuses(doctor, /PRIMARY|is_primary_serving|FROZEN/, /shards\/|SrvKeyspace/, /revision \d+/);
  });

  it("a journal with this workflow's migration id", async () => {
    const doctor = await start();
    const ids = await Promise.all(
      [["-80", 200] as const, ["80-", 300] as const].map(async ([shard, uid]) => ({
        shard,
        id: Number(await lab.sql(uid, "select id from _vt.vreplication where workflow='c2'")),
      })),
    );
    const id = migrationId("customer", ids);
    // Not binlogged: the running streams would take it for a switch, and move on.
    const row = `(${id}, 'vt_customer', 'id:${id} migration_type:SHARDS')`;
    await lab.sql(100, `set sql_log_bin = 0; insert into _vt.resharding_journal values ${row}`);
    await refuses(doctor, /journal/, new RegExp(String(id)));
  });

  it("an old journal and a _reverse row that ReverseTraffic froze do not forbid", async () => {
    const doctor = await start();
    await lab.ctl("Reshard", ...NAME, "switchtraffic");
    await lab.ctl("Reshard", ...NAME, "reversetraffic");
    expect(
      await lab.sql(100, "select message from _vt.vreplication where workflow='c2_reverse' limit 1"),
    ).toBe("FROZEN");
    expect(await lab.sql(100, "select count(*) from _vt.resharding_journal")).not.toBe("0");
    const said = await doctor.write("cancel", "customer.c2", "--yes");
    expect(said.code, said.stderr + said.stdout).toBe(0);
    for (const uid of [100, 200, 300])
      expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
  });
});
