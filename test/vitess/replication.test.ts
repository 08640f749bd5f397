import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, until } from "./lab/lab.js";
import { ranAllOf } from "./lab/printed.js";
import { primaryScenes, type Replicated, recordScenes, replicaScenes } from "./lab/replication-scenes.js";
import { elect } from "./lab/reshard.js";
import { Wire } from "./lab/wire.js";

const TABLES = ["item", "sale"];

/** S24: who is primary, who replicates from whom, and what the records say of it: each is found, mended as it is printed, and nothing is left. */
describe.skipIf(labMissing() !== null)("S24, primaries and replicas that are not as the records say", () => {
  let given: Replicated;

  beforeAll(async () => {
    const lab = await Lab.up({ version: "24" });
    const wire = new Wire(GLOBAL_ETCD + 500, GLOBAL_ETCD);
    given = { lab, wire, doctor: new Doctor(lab) };
    await wire.mend();
    for (const keyspace of ["shop", "split"])
      await lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);
    await Promise.all([100, 101, 102].map((uid) => withSemiSync(lab, uid)));
    await Promise.all([
      lab.tablet(100, "shop", "0", "replica", "zone1", {
        "topo-global-server-address": `127.0.0.1:${wire.port}`,
      }),
      lab.tablet(101, "shop", "0"),
      lab.tablet(102, "shop", "0"),
      lab.tablet(200, "split", "-80"),
      lab.tablet(300, "split", "80-"),
    ]);
    await elect(lab, "shop", "0", 100);
    await elect(lab, "split", "-80", 200);
    await elect(lab, "split", "80-", 300);
    for (const table of TABLES)
      await lab.ctl("ApplySchema", "--sql", `create table ${table}(id bigint primary key)`, "shop");
    const tables = Object.fromEntries(TABLES.map((table) => [table, {}]));
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify({ tables }), "shop");
    await lab.ctl("ApplyVSchema", "--vschema", '{"sharded":true}', "split");
    for (const keyspace of ["shop", "split"]) await lab.ctl("RebuildKeyspaceGraph", keyspace);
    await found();
  }, 300_000);
  afterAll(async () => {
    given?.wire.cut();
    await given?.lab.down();
  });

  /** Waits until a scan has nothing to say. */
  async function found(): Promise<void> {
    let last: readonly string[] = [];
    await until("a scan without findings", 60_000, async () => {
      last = ids(await given.doctor.scan("--settle", "0"));
      return last.length === 0;
    }).catch(() => undefined);
    expect(last).toEqual([]);
  }

  const scene = (name: string, play: (given: Replicated) => Promise<unknown>) =>
    it(name, async () => {
      await play(given);
      await found();
      await elect(given.lab, "shop", "0", 100);
    });

  primaryScenes(scene);
  recordScenes(scene);
  // They leave the policy semi_sync behind them.
  replicaScenes(scene);
  ranAllOf("replication");
});

/** As a MySQL is that Vitess set up, and the lab's are not: with these plugins, and read-only until its tablet is primary. */
async function withSemiSync(lab: Lab, uid: number): Promise<void> {
  await lab.startMysqld(uid);
  for (const role of ["source", "replica"])
    await lab.sql(
      uid,
      `set sql_log_bin = 0; install plugin rpl_semi_sync_${role} soname 'semisync_${role}.so'`,
    );
  await lab.sql(uid, "set global super_read_only = 1");
}
