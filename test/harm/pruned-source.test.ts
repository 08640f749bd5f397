import { describe, expect, test } from "vitest";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt } from "../cli/harness.js";
import { sourceDeleted } from "../crash/residue-scenes.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { switchAll } from "../sim/native/switch-traffic.js";

const CUSTOMER = "CREATE TABLE `customer` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB";

const ID = "stream-source-shard-missing@customer/-80/c2/customer/0";

/** And its tablets have ended. */
function pruned(): SimCluster {
  const cluster = sourceDeleted();
  for (const tablet of cluster.tablets) if (tablet.shard === "0") tablet.stop();
  cluster.clock.advance(60_000);
  return cluster;
}

async function fixed(cluster: SimCluster, id = ID): Promise<string> {
  const { type } = operatorAt(cluster);
  const said = await type(`fix ${id} --yes`);
  return `${said.code} ${said.out}${said.err}`;
}

const rows = (cluster: SimCluster): number =>
  ["zone1-0000000200", "zone1-0000000300"].flatMap(
    (alias) => cluster.tablet(alias).mysql.data.sidecar.vreplication,
  ).length;

describe("the rest of a switch whose source was pruned", () => {
  test("is named with a repair, and deleted through the tablets; nothing else changes", async () => {
    const cluster = pruned();
    const { type } = operatorAt(cluster);
    const scan = JSON.parse((await type("scan --format json")).out) as {
      findings: { id: string; severity: string; repair: { command: string } }[];
    };
    expect(scan.findings.find(({ id }) => id === ID)).toMatchObject({
      severity: "warning",
      repair: { command: `vtdoctor fix ${ID}` },
    });
    const before = [...cluster.topology.global.etcd.range("/")].map(({ key, value }) => `${key} ${value}`);
    expect((await type(`fix ${ID} --yes`)).code).toBe(0);
    expect(rows(cluster)).toBe(0);
    expect([...cluster.topology.global.etcd.range("/")].map(({ key, value }) => `${key} ${value}`)).toEqual(
      before,
    );
  });

  test("stays where a tablet of the source runs", async () => {
    const cluster = sourceDeleted();
    expect(await fixed(cluster)).toMatch(/^4 .*customer\/0/s);
    expect(rows(cluster)).toBeGreaterThan(0);
  });

  test("stays where a stream of it is not FROZEN", async () => {
    const cluster = pruned();
    cluster
      .tablet("zone1-0000000300")
      .executeAsDba("update _vt.vreplication set message='stopped by somebody' where workflow='c2'");
    expect(await fixed(cluster)).toMatch(/^4 .*not every stream of customer\.c2 is FROZEN/s);
    expect(rows(cluster)).toBeGreaterThan(0);
  });

  test("stays where a target does not serve by its record", async () => {
    const cluster = pruned();
    const record = cluster.topology.shard("customer", "80-");
    const shard = record.get();
    if (shard !== null) record.put({ ...shard, isPrimaryServing: false });
    expect(await fixed(cluster)).toMatch(/^4 .*customer\/80- does not serve by its record/s);
    expect(rows(cluster)).toBeGreaterThan(0);
  });

  test("stays where another source of it has its record", async () => {
    const cluster = new SimCluster({ version: "24.0.4" });
    cluster.addCell("zone1");
    cluster.run(createKeyspace(cluster, "customer"));
    for (const [uid, shard] of [
      [100, "-80"],
      [101, "80-"],
      [200, "0"],
    ] as const) {
      const tablet = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: "customer", shard });
      cluster.run(startTablet(cluster, tablet));
      cluster.run(plannedReparent(cluster, tablet));
    }
    cluster.run(applySchema(cluster, "customer", { customer: CUSTOMER }));
    const workflow = { keyspace: "customer", workflow: "c2" };
    cluster.run(reshardCreate(cluster, { ...workflow, sources: ["-80", "80-"], targets: ["0"] }));
    cluster.clock.advance(3000);
    cluster.run(switchAll(cluster, workflow));
    cluster.clock.advance(60_000);
    cluster.run(deleteShards(cluster, "customer", ["-80"]));
    for (const tablet of cluster.tablets) if (tablet.shard === "-80") tablet.stop();
    cluster.clock.advance(60_000);
    expect(await fixed(cluster, "stream-source-shard-missing@customer/0/c2/customer/-80")).toMatch(
      /^4 .*customer\/80-, which customer\.c2 reads from too, has its record/s,
    );
  });
});
