import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, createKeyspace, insertRows } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt } from "../cli/harness.js";

const CUSTOMER = "CREATE TABLE `customer` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB";
const SHARDS = [
  { shard: "0", uid: 100, dbName: "vt_customer" },
  { shard: "-80", uid: 200, dbName: "customer_a" },
  { shard: "80-", uid: 300, dbName: "customer_b" },
] as const;

/** Reshard c2, whose two target shards are two databases of one MySQL server (`--init_db_name_override`). */
function twoVttabletsOfOneMysql(): SimCluster {
  const cluster = new SimCluster({ version: "24.0.4" });
  cluster.addCell("zone1");
  cluster.run(createKeyspace(cluster, "customer"));
  for (const { shard, uid, dbName } of SHARDS) {
    const shared = shard === "80-" ? { mysql: cluster.tablet("zone1-0000000200").mysql } : {};
    const place = { alias: { cell: "zone1", uid }, keyspace: "customer", shard, dbName };
    const tablet = cluster.addTablet({ ...place, ...shared });
    cluster.run(startTablet(cluster, tablet));
    cluster.run(plannedReparent(cluster, tablet));
  }
  cluster.run(applySchema(cluster, "customer", { customer: CUSTOMER }));
  const rows = Array.from({ length: 20 }, (_, index) => ({ key: `${index + 1}`, content: `c${index + 1}` }));
  insertRows(cluster, "customer", "customer", rows);
  const targets = ["-80", "80-"];
  cluster.run(reshardCreate(cluster, { keyspace: "customer", workflow: "c2", sources: ["0"], targets }));
  cluster.clock.advance(3000);
  return cluster;
}

const databasesOf = (cluster: SimCluster): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...cluster.tablet("zone1-0000000200").mysql.data.databases].map(([name, tables]) => [
      name.replace(/hold_[^_]+/, "hold"),
      [...tables.values()].map((table) => `${table.name}:${table.rows.size}`),
    ]),
  );

test("two target shards on one MySQL server are held beside each other, come back each to its own, and are purged", async () => {
  const cluster = twoVttabletsOfOneMysql();
  const { folder, write, type } = operatorAt(cluster);
  const before = databasesOf(cluster);
  const cancelled = await write("cancel customer.c2 --yes");
  expect(cancelled.code, cancelled.err + cancelled.out).toBe(0);
  const { customer_a = [], customer_b = [] } = before;
  expect(customer_a).not.toEqual(customer_b);
  expect(databasesOf(cluster)).toEqual({
    ...{ customer_a: [], customer_b: [] },
    ...{ vtdoctor_hold: customer_a, vtdoctor_hold_2: customer_b },
  });
  const [run = ""] = readdirSync(join(folder, "runs"));
  const found = JSON.parse((await type("scan --format json")).out).findings as {
    id: string;
    symptom: string;
  }[];
  expect(found.filter(({ id }) => id.startsWith("held-data-left")).map(({ id }) => id)).toEqual([
    `held-data-left@${run}/customer`,
  ]);
  expect(found.find(({ id }) => id.startsWith("held-data-left"))?.symptom).toContain("2 tables of customer");

  const undone = await write(`undo ${run} --yes`);
  expect(undone.code, undone.err + undone.out).toBe(0);
  expect(databasesOf(cluster)).toEqual(before);

  const second = twoVttabletsOfOneMysql();
  const { folder: place, write: again } = operatorAt(second);
  const file = join(place, "p.json");
  await again(`cancel customer.c2 --dry-run --out ${file}`);
  const planned = await again(`fix --plan ${file} --yes`);
  expect(planned.code, planned.err + planned.out).toBe(0);
  const [held = ""] = readdirSync(join(place, "runs"));
  const purged = await again(`purge ${held} --yes --confirm customer`);
  expect(purged.code, purged.err + purged.out).toBe(0);
  expect(databasesOf(second)).toEqual({ customer_a: [], customer_b: [] });
});
