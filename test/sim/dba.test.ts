import { beforeEach, expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";

let cluster: SimCluster;
const primary = () => cluster.tablet("zone1-0000000200");
const names = (database: string) => [...(primary().mysql.data.databases.get(database)?.keys() ?? [])].sort();

beforeEach(() => {
  cluster = reshardingLab({ rows: 20 });
});

test("tables are held with all their rows, on the replica too, and come back", () => {
  const before = structuredClone(primary().mysql.data.databases);
  const run = (statement: string) =>
    expect(primary().executeAsDba(statement)).toMatchObject({ kind: "answered" });
  run("create database `vtdoctor_hold_r1`");
  run(
    "rename table `vt_customer`.`customer` to `vtdoctor_hold_r1`.`customer`, vt_customer.corder to vtdoctor_hold_r1.corder",
  );
  expect([names("vt_customer"), names("vtdoctor_hold_r1")]).toEqual([[], ["corder", "customer"]]);
  const replica = cluster.tablet("zone1-0000000201").mysql.data.databases;
  expect(replica).toEqual(primary().mysql.data.databases);
  run(
    "rename table vtdoctor_hold_r1.customer to vt_customer.customer, vtdoctor_hold_r1.corder to vt_customer.corder",
  );
  run("drop database vtdoctor_hold_r1");
  expect(primary().mysql.data.databases).toEqual(before);
});

test.each([
  ["create database vt_customer", 1007],
  ["drop database nothing", 1008],
  ["rename table vt_customer.corder to nowhere.corder", 1049],
  ["rename table vt_customer.corder to vt_customer.customer", 1050],
  ["rename table vt_customer.corder to vt_customer.x, vt_customer.nothing to vt_customer.y", 1146],
  ["drop table vt_customer.corder, vt_customer.nothing", 1051],
  ["alter table vt_customer.corder add key customer_id (customer_id)", 1061],
  ["alter table vt_customer.nothing add key k (id)", 1146],
  ["grant all on *.* to x", 1064],
])("%s fails whole, with errno %i", (statement, errno) => {
  const before = structuredClone(primary().mysql.data);
  expect(primary().executeAsDba(statement)).toMatchObject({
    reason: "failed",
    message: expect.stringContaining(`errno ${errno}`),
  });
  expect(primary().mysql.data).toEqual(before);
});

test("tables with triggers do not leave their schema", () => {
  primary().mysql.data.triggers.push({ database: "vt_customer", name: "t", table: "corder" });
  primary().executeAsDba("create database vtdoctor_hold_r1");
  expect(primary().executeAsDba("rename table vt_customer.corder to vtdoctor_hold_r1.corder")).toMatchObject({
    message: expect.stringContaining("errno 1435"),
  });
});

test("a replica whose replication breaks says why and stands still", () => {
  const { mysql } = cluster.tablet("zone1-0000000201");
  mysql.breakReplication("Could not execute Write_rows event (errno 1062)");
  const before = structuredClone(mysql.data.databases);
  primary().executeAsDba("create database vtdoctor_hold_r1");
  expect(mysql.data.databases).toEqual(before);
  expect(mysql.status()).toMatchObject({
    sourcePort: primary().mysql.port,
    ioState: 1,
    sqlState: 1,
    lastError: "Could not execute Write_rows event (errno 1062)",
  });
});

test("a server in super_read_only refuses", () => {
  const replica = cluster.tablet("zone1-0000000201");
  expect(replica.executeAsDba("create database x")).toMatchObject({
    message: expect.stringContaining("errno 1290"),
  });
});

test("a dropped secondary key is added as MySQL shows it", () => {
  const table = primary().mysql.table("vt_customer", "customer");
  primary().executeAsDba("alter table vt_customer.customer add key name (`name`, id), add unique key u (id)");
  expect(table?.definition).toContain("  KEY `name` (`name`,`id`),\n  UNIQUE KEY `u` (`id`)\n) ENGINE");
});
