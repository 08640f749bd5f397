import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { alsoPrinted, finding, gone, ranAllOf, runAdvised, textOf } from "./lab/printed.js";

const REPARENTED = "vtctldclient TabletExternallyReparented";
const ROLES = ["app", "dba", "allprivs", "appdebug", "filtered", "repl"];

/** S20: MySQL servers that Vitess does not manage. What somebody else has set up is healthy as it is, and no advice reparents it. */
describe.skipIf(labMissing() !== null)("S20, vttablets of external MySQL servers (--unmanaged)", () => {
  let lab: Lab;
  let doctor: Doctor;

  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    doctor = new Doctor(lab);
    const [primary, alone] = [130, 133];
    const replicas = [131, 135];
    const servers = [primary, alone, ...replicas];
    await Promise.all(servers.map((uid) => lab.startMysqld(uid)));
    for (const uid of servers)
      await lab.sql(
        uid,
        "set sql_log_bin=0; create user ext@'%' identified by 'ext'; grant all on *.* to ext@'%' with grant option",
      );
    const source = "source_host='127.0.0.1', source_port=27130, source_user='vt_repl'";
    for (const uid of replicas)
      await lab.sql(
        uid,
        `change replication source to ${source}, get_source_public_key=1, source_auto_position=1; start replica; set global super_read_only=1`,
      );
    for (const uid of [primary, alone])
      await lab.sql(uid, "create database shop; create table shop.item(id bigint primary key)");
    for (const keyspace of ["read", "whole", "untold"])
      await lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);
    await Promise.all([
      unmanaged(131, "read"),
      unmanaged(130, "whole"),
      unmanaged(135, "whole"),
      unmanaged(133, "untold", { "enable-replication-reporter": "" }),
    ]);
    await lab.ctl("TabletExternallyReparented", "zone1-130");
    await lab.startVtgate();
    await until("vtgate to serve", 60_000, async () => (await served("whole@replica")) === "0");
  }, 300_000);
  afterAll(async () => lab?.down());

  const unmanaged = (uid: number, keyspace: string, more: Readonly<Record<string, string>> = {}) =>
    lab.tablet(uid, keyspace, "0", "replica", "zone1", {
      ...{ "unmanaged=true": "", "db-host": "127.0.0.1", "db-port": String(27000 + uid) },
      "init-db-name-override": "shop",
      ...Object.fromEntries(
        ROLES.flatMap((role) => [`db-${role}-user`, `db-${role}-password`]).map((flag) => [flag, "ext"]),
      ),
      ...more,
    });

  const served = (target: string): Promise<string> =>
    lab.gate(target, "select count(*) from item").catch(String);

  it("replicas alone are silent, and so are they with their primary; one that replicates from nobody and has to, serves nobody", async () => {
    const answers = ["read@replica", "whole@replica", "whole@primary", "untold@replica"].map(served);
    expect(await Promise.all(answers)).toEqual(["0", "0", "0", expect.stringContaining("no healthy tablet")]);
    const said = await doctor.scan();
    expect([said.code, ...ids(said)]).toEqual([1, "reads-served-by-no-tablet@zone1/untold/0@REPLICA"]);
  });

  it("which is the server that takes the writes, as what is printed tells its tablet", async () => {
    const said = await finding(doctor, "reads-served-by-no-tablet");
    await runAdvised(doctor, said, "vtctldclient GetFullStatus", { more: "zone1-0000000133" });
    await runAdvised(doctor, said, REPARENTED, { values: { "<alias>": "zone1-0000000133" } });
    await until("vtgate to serve", 60_000, async () => (await served("untold@primary")) === "0");
    expect(ids(await doctor.scan())).toEqual([]);
  });

  it("a primary whose MySQL is gone, or whose vttablet is: the tablet of the server that takes over is told", async () => {
    await lab.stop("mysqld-133", "SIGKILL");
    const unwell = await finding(doctor, "primary-not-serving@untold/0");
    await lab.stop("vttablet-130");
    const ended = await finding(doctor, "no-live-primary@whole/0");
    const blank = await finding(doctor, "tablet-record-empty-address@zone1-0000000130");
    for (const said of [unwell, ended, blank]) expect(textOf(said)).not.toMatch(/ReparentShard/);
    await lab.sql(135, "stop replica; reset replica all; set global super_read_only=0, global read_only=0");
    await runAdvised(doctor, ended, REPARENTED, { values: { "<alias>": "zone1-0000000135" } });
    for (const said of [unwell, blank]) alsoPrinted(said.rule, textOf(said), REPARENTED);
    await until("vtgate to serve", 60_000, async () => (await served("whole@primary")) === "0");
    await gone(doctor, ended.id);
    await lab.startMysqld(133);
    await gone(doctor, unwell.id);
  });

  ranAllOf("external");
});
