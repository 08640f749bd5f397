import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Doctor, ids } from "./lab/doctor.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { finding, ranAllOf, runAdvised, runNext } from "./lab/printed.js";
import { elect } from "./lab/reshard.js";

const HASHED = { column_vindexes: [{ column: "id", name: "hash" }] };
const CUSTOMER = { ...HASHED, auto_increment: { column: "id", sequence: "main.customer_seq" } };
const SEQUENCE_ROW = "insert into customer_seq(id, next_id, cache) values (0, 1000, 100)";

/** S22: tables, VSchemas, sequences and denials that do not go together; each is found, mended as its rule says, and found no more. */
describe.skipIf(labMissing() !== null)("S22, schemas that do not go together", () => {
  let lab: Lab;
  let doctor: Doctor;

  const vschema = (keyspace: string, body: object) =>
    lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(body), keyspace);
  const customer = (tables: object = {}, sharded = true) =>
    vschema("customer", {
      ...(sharded ? { sharded, vindexes: { hash: { type: "hash" } } } : {}),
      tables: sharded ? { customer: CUSTOMER, ...tables } : { customer: {} },
    });
  const found = async () => ids(await doctor.scan("--settle", "0", "--all-tables"));
  const write = () => lab.gate("customer", "insert into customer(name) values ('new')", "zone1", 5_000);

  /** `spoil` makes it found under that id, `mend` takes it away, and nothing else is left of it. */
  async function scene(id: string, spoil: () => Promise<unknown>, mend: () => Promise<unknown>) {
    expect(await found()).toEqual([]);
    await spoil();
    expect(await found()).toContain(id);
    await mend();
    expect(await found()).toEqual([]);
  }

  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    doctor = new Doctor(lab);
    for (const keyspace of ["customer", "main"])
      await lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);
    await Promise.all([
      lab.tablet(100, "main", "0"),
      lab.tablet(200, "customer", "-80"),
      lab.tablet(300, "customer", "80-"),
    ]);
    await elect(lab, "main", "0", 100);
    await elect(lab, "customer", "-80", 200);
    await elect(lab, "customer", "80-", 300);
    const sequence =
      "create table customer_seq(id int, next_id bigint, cache bigint, primary key(id)) comment 'vitess_sequence'";
    await lab.ctl("ApplySchema", "--sql", sequence, "main");
    const table = "create table customer(id bigint primary key, name varchar(64))";
    await lab.ctl("ApplySchema", "--sql", table, "customer");
    await lab.sql(100, SEQUENCE_ROW, "vt_main");
    await vschema("main", { tables: { customer_seq: { type: "sequence" } } });
    await customer();
    for (const keyspace of ["main", "customer"]) await lab.ctl("RebuildKeyspaceGraph", keyspace);
    await lab.startVtgate();
    await write();
  });
  afterAll(async () => lab?.down());

  it("a column that one shard has alone", () =>
    scene(
      "schema-mismatch-between-shards@customer/customer",
      () => lab.sql(300, "alter table customer add column extra int", "vt_customer"),
      () => lab.sql(300, "alter table customer drop column extra", "vt_customer"),
    ));

  it("a table that the VSchema does not have", () =>
    scene(
      "mysql-table-not-in-vschema@customer",
      () => lab.ctl("ApplySchema", "--sql", "create table aside(id bigint primary key)", "customer"),
      () => lab.ctl("ApplySchema", "--sql", "drop table aside", "customer"),
    ));

  it("a table that only the VSchema has", () =>
    scene("table-not-on-its-shards@customer", () => customer({ planned: HASHED }), customer));

  it("a sequence that lost its row: inserts fail until it has one again", () =>
    scene(
      "sequence-broken@main/0/customer_seq",
      async () => {
        await lab.sql(100, "delete from customer_seq", "vt_main");
        await lab.ctl("PlannedReparentShard", "main/0", "--new-primary", "zone1-100");
        await lab.stop("vttablet-100");
        await lab.startVttablet(100);
      },
      async () => {
        await expect(write()).rejects.toThrow(/sequence/);
        await lab.sql(100, SEQUENCE_ROW.replace("1000", "2000"), "vt_main");
        await write();
      },
    ));

  it("a VSchema that is not sharded any more", () =>
    scene(
      "vschema-sharding-contradiction@customer",
      () => customer({}, false),
      () => customer(),
    ));

  it("a shard without a key range beside those that have one", () =>
    scene(
      "mixed-shard-naming-residue@customer/0",
      () => lab.ctl("CreateShard", "customer/0"),
      () => lab.ctl("DeleteShards", "customer/0"),
    ));

  it("a primary that was not told of a denial, nor of its end", async () => {
    const control = (...flags: string[]) =>
      lab.ctl("SetShardTabletControl", ...flags, "--denied-tables=customer", "customer/-80", "primary");
    const told = () => lab.ctl("RefreshState", "zone1-200");
    expect(await found()).toEqual([]);
    await control();
    expect(await found()).toContain("tablet-state-not-refreshed@zone1-0000000200/allows");
    await told();
    expect(await found()).not.toContain("tablet-state-not-refreshed@zone1-0000000200/allows");
    await control("--remove");
    expect(await found()).toEqual(["tablet-state-not-refreshed@zone1-0000000200/denies"]);
    await told();
    expect(await found()).toEqual([]);
  });

  it("a rule of the throttler that nobody took back", async () => {
    const config = (...flags: string[]) => lab.ctl("UpdateThrottlerConfig", ...flags, "customer");
    const throttle = () =>
      config("--throttle-app=online-ddl", "--throttle-app-ratio=1", "--throttle-app-duration=240h");
    const denied = async () =>
      (await lab.ctl("CheckThrottler", "--app-name=online-ddl", "zone1-200")).includes("denied");
    const rule = "throttled-app-leftover@customer/online-ddl";
    await config("--enable", "--threshold=30");
    expect(await found()).toEqual([]);
    await throttle();
    await until("the tablet to deny it", 60_000, denied);
    const said = await finding(doctor, rule);
    await runNext(doctor, said, { more: "--yes" });
    await until("the tablet to deny it no more", 60_000, async () => !(await denied()));
    expect(await found()).toEqual([]);
    await throttle();
    await runAdvised(doctor, said, "vtctldclient UpdateThrottlerConfig");
    expect(await found()).toEqual([]);
  });

  ranAllOf("schema");
});
