import { describe, expect, it } from "vitest";
import { migrationId } from "../../src/cluster/journal.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { rowCount } from "../../src/sim/mysql-data.js";
import { insertRows } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { operatorAt } from "./harness.js";

const GHOST = "stream-without-row@zone1-0000000200/c2/1";
const COLLISION = "journal-id-collision@customer.c2";

const target = (cluster: SimCluster) => cluster.tablet("zone1-0000000200");
const source = (cluster: SimCluster) => cluster.tablet("zone1-0000000100");

function haunted(version: "19.0.10" | "24.0.4" = "24.0.4"): SimCluster {
  const cluster = reshardingLab({ version, rows: 20 });
  target(cluster).executeAsDba("delete from _vt.vreplication where id=1");
  return cluster;
}

/** The source kept the journal of a switch that was begun on targets which are no more. */
function loaded(cluster = reshardingLab({ rows: 20 }), position = "1-2"): SimCluster {
  const id = migrationId("customer", [
    { shard: "-80", id: 1 },
    { shard: "80-", id: 1 },
  ]);
  const val = `id:${id} migration_type:SHARDS local_position:"MySQL56/${source(cluster).mysql.uuid}:${position}"`;
  source(cluster).mysql.write(({ sidecar }) => {
    sidecar.journals = [{ id, dbName: "vt_customer", val }];
  });
  cluster.clock.advance(3_000);
  return cluster;
}

const customersAt = (cluster: SimCluster): number => {
  const table = target(cluster).mysql.table("vt_customer", "customer");
  return table === undefined ? 0 : rowCount(table);
};

describe("a stream without a row", () => {
  it.each(["19.0.10", "24.0.4"] as const)("is found by one scan and ended on Vitess %s", async (version) => {
    const cluster = haunted(version);
    const { type, write } = operatorAt(cluster);
    const scan = await type("scan");
    expect([scan.code, scan.out]).toEqual([1, expect.stringContaining(GHOST)]);
    const fixed = await write(`fix ${GHOST} --yes`);
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    expect(target(cluster).mysql.data.sidecar.vreplication).toEqual([]);
    expect(target(cluster).engine.streams).toEqual([]);
    const before = customersAt(cluster);
    const rows = Array.from({ length: 20 }, (_, index) => ({ key: `${7000 + index}`, content: "late" }));
    insertRows(cluster, "customer", "customer", rows);
    cluster.clock.advance(10_000);
    expect(customersAt(cluster)).toBe(before);
  });

  it("is none while its row goes by the tablet, whenever the scan looks", async () => {
    const cluster = reshardingLab({ rows: 20 });
    const vars = cluster.reader.vars.bind(cluster.reader);
    let asked = false;
    cluster.reader.vars = async (at) => {
      const seen = await vars(at);
      if (at.grpcPort === target(cluster).grpcPort && !asked) {
        asked = true;
        target(cluster).engine.exec("delete from _vt.vreplication where id=1");
      }
      return seen;
    };
    const scan = await operatorAt(cluster).type("scan --format json");
    const found = (JSON.parse(scan.out) as { findings: { id: string; state: string }[] }).findings;
    expect(found.filter(({ id, state }) => id === GHOST && state === "confirmed")).toEqual([]);
  });

  it("is left alone where its tablet is no longer PRIMARY since the plan", async () => {
    const cluster = haunted();
    const { write, folder } = operatorAt(cluster);
    const plan = `${folder}/plan.json`;
    expect((await write(`fix ${GHOST} --dry-run --out ${plan}`)).code).toBe(1);
    cluster.run(plannedReparent(cluster, cluster.tablet("zone1-0000000201")));
    const effects = cluster.effects.log.length;
    const refused = await write(`fix --plan ${plan} --yes`);
    expect([refused.code, refused.err]).toEqual([
      4,
      expect.stringMatching(/is REPLICA now, no longer PRIMARY/),
    ]);
    expect(cluster.effects.log).toHaveLength(effects);
  });

  it("is not touched where a row of its id came back", async () => {
    const cluster = haunted();
    const { write, folder } = operatorAt(cluster);
    const plan = `${folder}/plan.json`;
    await write(`fix ${GHOST} --dry-run --out ${plan}`);
    target(cluster).executeAsDba(
      "insert into _vt.vreplication (id, workflow, db_name, source, state) values (1, 'other', 'vt_customer', '', 'Running')",
    );
    const refused = await write(`fix --plan ${plan} --yes`);
    expect([refused.code, refused.err]).toEqual([
      4,
      expect.stringMatching(/has a row again, which is not this run's/),
    ]);
    expect(target(cluster).mysql.data.sidecar.vreplication).toHaveLength(1);
  });
});

describe("an old journal with the id of a living workflow", () => {
  it("is found and deleted, and nothing else is", async () => {
    const cluster = loaded();
    const { type, write } = operatorAt(cluster);
    const scan = await type("scan");
    expect([scan.code, scan.out]).toEqual([1, expect.stringContaining(COLLISION)]);
    const streams = target(cluster).mysql.data.sidecar.vreplication.length;
    const fixed = await write(`fix ${COLLISION} --yes`);
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    expect(source(cluster).mysql.data.sidecar.journals).toEqual([]);
    expect(target(cluster).mysql.data.sidecar.vreplication).toHaveLength(streams);
    expect((await type("scan")).out).not.toContain(COLLISION);
  });

  it("is not deleted while its position is not passed by every stream", async () => {
    const cluster = loaded(reshardingLab({ rows: 20 }), "1-999999");
    const { write } = operatorAt(cluster);
    const asked = await write(`fix ${COLLISION} --settle 31s --yes`);
    expect(asked.out + asked.err).toMatch(/not every stream of customer.c2 is seen to run beyond/);
    expect(source(cluster).mysql.data.sidecar.journals).toHaveLength(1);
  });

  it("is not deleted where another one stands in its place since the plan", async () => {
    const cluster = loaded();
    const { write, folder } = operatorAt(cluster);
    const plan = `${folder}/plan.json`;
    expect((await write(`fix ${COLLISION} --dry-run --out ${plan}`)).code).toBe(1);
    source(cluster).mysql.write(({ sidecar }) => {
      sidecar.journals = sidecar.journals.map((journal) => ({
        ...journal,
        val: `${journal.val} tables:"/.*"`,
      }));
    });
    const refused = await write(`fix --plan ${plan} --yes`);
    expect([refused.code, refused.err]).toEqual([
      4,
      expect.stringMatching(/is another one than in the plan/),
    ]);
  });

  it("is not deleted under a switch that has begun since the plan", async () => {
    const cluster = loaded();
    const { write, folder } = operatorAt(cluster);
    const plan = `${folder}/plan.json`;
    await write(`fix ${COLLISION} --dry-run --out ${plan}`);
    const [row] = target(cluster).mysql.data.sidecar.vreplication;
    source(cluster).mysql.write(({ sidecar }) => {
      sidecar.vreplication = [{ ...row, id: "1", workflow: "c2_reverse" }];
    });
    const refused = await write(`fix --plan ${plan} --yes`);
    expect([refused.code, refused.err]).toEqual([
      4,
      expect.stringMatching(/c2_reverse .* had no stream and has stream 1/),
    ]);
    expect(source(cluster).mysql.data.sidecar.journals).toHaveLength(1);
  });
});
