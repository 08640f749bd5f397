import { create as made, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { MirrorRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import { Doctor, ids } from "./lab/doctor.js";
import { rewritten } from "./lab/kept.js";
import { Lab, labMissing, until, type Version } from "./lab/lab.js";
import { versions } from "./lab/long.js";
import { finding, gone, ranAllOf, runAdvised, runNext } from "./lab/printed.js";
import { elect, insert, reshardCluster, running } from "./lab/reshard.js";

const ORPHANS: readonly string[] = [
  "keyspace-routing-rules-orphan@moved+gone",
  "mirror-rules-orphan@customer+moved",
  "routing-rules-orphan@customer+moved",
  "shard-routing-rules-orphan@customer+gone",
  "source-shards-leftover@moved/0",
];
const DENIED = "keep-data-denial-residue@moved/0";

/** S7: a cancel that keeps the data of a MoveTables leaves its tables denied, where the application is to use them. */
describe.skipIf(labMissing() !== null)("S7, kept but denied", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const move = (workflow: string, action: string, ...flags: string[]) =>
    lab.ctl("MoveTables", "--workflow", workflow, "--target-keyspace", "moved", action, ...flags);

  async function cluster(version: Version): Promise<Doctor> {
    lab = await Lab.up({ version });
    await reshardCluster(lab, {
      targets: {},
      workflow: null,
      schema: ["create table corder(id bigint primary key, name varchar(64))"],
      vschemaTables: { corder: { column_vindexes: [{ column: "id", name: "hash" }] } },
    });
    await insert(lab, "customer", "corder", 1, 10);
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
    await lab.tablet(400, "moved", "0");
    await elect(lab, "moved", "0", 400);
    await lab.ctl("RebuildKeyspaceGraph", "moved");
    await lab.startVtgate();
    return new Doctor(lab);
  }

  const create = (workflow: string, table: string, ...flags: string[]) =>
    move(workflow, "create", "--source-keyspace", "customer", "--tables", table, ...flags);

  // Vitess 19 denies nothing before the switch.
  it.each(versions(["24"], "21"))(
    "v%s: finds them, lifts only what no workflow uses, and the tables take writes through vtgate",
    async (version) => {
      const doctor = await cluster(version);
      await create("m1", "customer", "--no-routing-rules");
      await create("m2", "corder");
      await running(lab, [400], "m1");
      await running(lab, [400], "m2");
      expect(ids(await doctor.scan())).not.toContain(DENIED);

      await move("m1", "cancel", "--keep-data");
      // vtgate takes the denial for a switch in flight and tries again, at times after its client has given up: each try has an id of its own.
      let id = 900_000;
      const write = () =>
        lab.gate("moved", `insert into customer(id, name) values (${++id}, 'new')`, "zone1", 5_000);
      await expect(write()).rejects.toThrow(/denied tables|timeout/i);
      const residue = (await doctor.scan("--settle", "0")).findings.find(({ id: one }) => one === DENIED);
      expect(residue?.state).toBe("suspected");
      const once = await doctor.write("fix", DENIED, "--settle", "0", "--yes");
      expect(once.stdout + once.stderr).toContain("--settle");
      expect(await lab.ctl("GetShard", "moved/0")).toContain('"customer"');

      await runNext(doctor, residue, { more: "--yes --confirm moved" });
      await until("vtgate to write", 30_000, async () =>
        write()
          .then(() => true)
          .catch(() => false),
      );
      expect(await lab.gate("moved", `select name from customer where id = ${id}`)).toBe("new");
      const shard = await lab.ctl("GetShard", "moved/0");
      expect(shard).toContain("corder");
      expect(shard).not.toContain('"customer"');
      expect(ids(await doctor.scan())).not.toContain(DENIED);
      await toldAgain(doctor);
      await write();

      await move("m2", "switchtraffic");
      expect(ids(await doctor.scan())).not.toContain("keep-data-denial-residue@customer/0");
      await move("m2", "complete", "--keep-data");
      expect(ids(await doctor.scan())).not.toContain("keep-data-denial-residue@customer/0");
      await rulesMended(doctor);
    },
  );

  /** C13: corder, of which m2 wants the denial, and customer, which clients use, are denied and not, and the tablet is not told. */
  async function toldAgain(doctor: Doctor): Promise<void> {
    const control = (...flags: string[]) => lab.ctl("SetShardTabletControl", ...flags, "moved/0", "primary");
    const of = (kind: string) => `tablet-state-not-refreshed@zone1-0000000400/${kind}`;
    await control("--remove", "--denied-tables=corder");
    await lab.ctl("RefreshState", "zone1-400");
    await control("--denied-tables=corder");
    await runNext(doctor, await finding(doctor, of("allows")), { more: "--yes" });
    await gone(doctor, of("allows"));

    await control("--denied-tables=customer");
    const said = await finding(doctor, of("allows"));
    const refused = await doctor.write("fix", said.id, "--yes");
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("queries for")]);
    await runAdvised(doctor, said, "vtctldclient RefreshState");
    await gone(doctor, of("allows"));
    await control("--remove", "--denied-tables=customer");
    await runNext(doctor, await finding(doctor, of("denies")), { more: "--yes" });
    await gone(doctor, of("denies"));
  }

  /** D5, D8, D9 and D10, rules of each kind that no workflow needs, and C11, sources of a shard. */
  async function rulesMended(doctor: Doctor): Promise<void> {
    const apply = (command: string, ...rules: object[]) =>
      lab.ctl(command, "--rules", JSON.stringify({ rules }));
    const names = ["customer", "customer.customer", "moved.customer"];
    const nine = names.flatMap((name) => ["", "@replica", "@rdonly"].map((type) => name + type));
    await apply(
      "ApplyRoutingRules",
      ...nine.map((from_table) => ({ from_table, to_tables: ["customer.customer"] })),
    );
    await apply("ApplyShardRoutingRules", { from_keyspace: "customer", to_keyspace: "gone", shard: "0" });
    await apply("ApplyKeyspaceRoutingRules", { from_keyspace: "moved@rdonly", to_keyspace: "gone" });
    // No command of Vitess applies a mirror rule but that of a workflow.
    const mirror = { fromTable: "customer.customer", toTable: "moved.customer", percent: 25 };
    const mirrors = toBinary(MirrorRulesSchema, made(MirrorRulesSchema, { rules: [mirror] }));
    await rewritten(lab, "/vitess/global/MirrorRules", () => mirrors);
    await lab.ctl("RebuildVSchemaGraph");
    await lab.ctl("SourceShardAdd", "moved/0", "1", "old/-");
    await lab.ctl("RefreshStateByShard", "moved/0");
    const isOfRules = (id: string) => /(routing|mirror)-rules?-|source-shards/.test(id);
    const { findings } = await doctor.scan();
    const left = findings.filter(({ id }) => ORPHANS.includes(id));
    expect(left.map(({ id }) => id).toSorted()).toEqual(ORPHANS);
    for (const finding of left) await runNext(doctor, finding, { more: "--yes" });
    expect(ids(await doctor.scan()).filter(isOfRules)).toEqual([]);
    expect(await lab.gate("moved", "select name from customer limit 1")).not.toBe("");
    const rest = await lab.ctl("GetRoutingRules");
    expect(rest).toContain('"moved.customer"');
    expect(rest).not.toContain('"from_table": "customer.customer"');
  }

  ranAllOf("denial");
});
