import { describe, expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt } from "../cli/harness.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";

const TARGET = "zone1-0000000400";

/** MoveTables c2 of customer.customer into moved/0, copied and running. */
function moving(): SimCluster {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  cluster.run(createKeyspace(cluster, "moved"));
  const tablet = cluster.addTablet({ alias: { cell: "zone1", uid: 400 }, keyspace: "moved", shard: "0" });
  cluster.run(startTablet(cluster, tablet));
  cluster.run(plannedReparent(cluster, tablet));
  const tables = { sourceKeyspace: "customer", tables: ["customer"], cell: "zone1" };
  cluster.run(moveTablesCreate(cluster, { keyspace: "moved", workflow: "c2", ...tables }));
  cluster.clock.advance(5000);
  return cluster;
}

/** The writes were switched, and somebody deleted the rows of the forward workflow. */
function loneReverse(): SimCluster {
  const cluster = moving();
  cluster.run(moveTablesSwitch(cluster, "moved", "c2"));
  cluster.tablet(TARGET).engine.deleteWorkflow("c2");
  cluster.clock.advance(60_000);
  return cluster;
}

/** And took rules and denials back: production is where the reverse streams write. */
function loneReverseOfProduction(): SimCluster {
  const cluster = loneReverse();
  cluster.topology.routingRules().delete();
  const at = cluster.topology.shard("customer", "0");
  const record = at.get();
  if (record === null) throw new Error("no Shard record");
  at.put({ ...record, tabletControls: [] });
  cluster.clock.advance(60_000);
  return cluster;
}

/** The stream reads from where it writes to. */
function ontoItself(): SimCluster {
  const cluster = moving();
  const { sidecar } = cluster.tablet(TARGET).mysql.data;
  sidecar.vreplication = sidecar.vreplication.map((row) => ({
    ...row,
    source: (row.source ?? "").replace(/keyspace:"customer" shard:"[^"]*"/, 'keyspace:"moved" shard:"0"'),
  }));
  cluster.clock.advance(5000);
  return cluster;
}

/** A Materialize denies nothing. */
function denyNothing(cluster: SimCluster): void {
  const shard = cluster.topology.shard("moved", "0");
  const record = shard.get();
  if (record !== null) shard.put({ ...record, tabletControls: [] });
}

const tables = (cluster: SimCluster): string =>
  JSON.stringify(
    cluster.tablets.map(({ name, mysql }) => [
      name,
      [...mysql.data.databases].map(([database, some]) => [database, [...some.keys()].toSorted()]),
    ]),
  );

describe("cancel refuses", () => {
  const DELETE =
    /vtctldclient Workflow --keyspace \w+ delete --workflow \w+ --keep-data --keep-routing-rules/;
  const BY_TABLET =
    /`vtctldclient LegacyVtctlCommand -- VReplicationExec zone1-\d+ "delete from _vt.vreplication where workflow='c2_reverse'"`/;

  test.each<[string, string, () => SimCluster, RegExp, RegExp]>([
    [
      "a reverse workflow whose forward one is gone",
      "customer.c2_reverse",
      loneReverse,
      /c2 is gone/,
      BY_TABLET,
    ],
    [
      "one that writes into production",
      "customer.c2_reverse",
      loneReverseOfProduction,
      /c2 is gone/,
      BY_TABLET,
    ],
    [
      "a workflow that copies a table onto itself",
      "moved.c2",
      ontoItself,
      /copies moved\/0 onto itself/,
      DELETE,
    ],
  ])("%s, with and without --keep-data", async (_, workflow, build, fact, right) => {
    for (const more of ["", " --keep-data"]) {
      const cluster = build();
      const before = tables(cluster);
      const said = await operatorAt(cluster).write(`cancel ${workflow}${more} --yes`);
      expect(said.code, said.err + said.out).toBe(4);
      expect(said.err).toMatch(fact);
      expect(said.err.replaceAll(/\s+/g, " ")).toMatch(right);
      expect(tables(cluster)).toBe(before);
    }
  });

  test("a reverse workflow beside its forward one, which is cancelled or completed instead", async () => {
    const cluster = moving();
    cluster.run(moveTablesSwitch(cluster, "moved", "c2"));
    cluster.clock.advance(60_000);
    const said = await operatorAt(cluster).write("cancel customer.c2_reverse --yes");
    expect(said.code, said.err + said.out).toBe(4);
    expect(said.err).toMatch(/c2_reverse is the way back of moved\.c2/);
  });

  test.each([
    ["select id, name from customer", 4],
    ["select id, name from `customer`", 4],
    ["select id, count(*) from corder group by id", 1],
  ])("a Materialize only where it writes the table that it reads: %s", async (filter, code) => {
    const cluster = ontoItself();
    const { sidecar } = cluster.tablet(TARGET).mysql.data;
    sidecar.vreplication = sidecar.vreplication.map((row) => ({
      ...row,
      workflow_type: "0",
      source: (row.source ?? "").replace(/filter:"[^"]*"/, `filter:"${filter}"`),
    }));
    denyNothing(cluster);
    const said = await operatorAt(cluster).write("cancel moved.c2 --dry-run");
    expect(said.code, said.err + said.out).toBe(code);
  });

  test("the tables of a Materialize, which clients may use by name, unless the keyspace's name is typed", async () => {
    const materialized = () => {
      const cluster = moving();
      const { sidecar } = cluster.tablet(TARGET).mysql.data;
      sidecar.vreplication = sidecar.vreplication.map((row) => ({ ...row, workflow_type: "0" }));
      denyNothing(cluster);
      return cluster;
    };
    const asked = await operatorAt(materialized()).write("cancel moved.c2 --no-keep-data --yes");
    expect([asked.code, asked.err]).toEqual([
      4,
      expect.stringMatching(
        /--confirm: the plan takes the materialized .*customer.* away from moved, where clients may use them by name/,
      ),
    ]);
    const tablesAfter = async (line: string): Promise<readonly string[]> => {
      const cluster = materialized();
      await operatorAt(cluster).write(line);
      return [...(cluster.tablet(TARGET).mysql.data.databases.get("vt_moved")?.keys() ?? [])];
    };
    expect(await tablesAfter("cancel moved.c2 --no-keep-data --yes")).toContain("customer");
    expect(await tablesAfter("cancel moved.c2 --no-keep-data --yes --confirm moved")).not.toContain(
      "customer",
    );
    expect(await tablesAfter("cancel moved.c2 --yes")).toContain("customer");
  });

  test.each([
    ["reads a table that goes, under another name", "m_copy", "select id from customer", 4],
    ["reads another table", "customer", "select id from corder", 1],
    ["reads all of the shard's tables", "/.*", "", 4],
    ["reads none of them", "/^corder$", "", 1],
  ])("while another workflow %s, unless the tables stay", async (_, match, filter, code) => {
    const cluster = moving();
    const { sidecar } = cluster.tablet("zone1-0000000100").mysql.data;
    const [row] = cluster.tablet(TARGET).mysql.data.sidecar.vreplication;
    if (row === undefined) throw new Error("no stream");
    const rules = `rules:{match:"${match}"${filter === "" ? "" : ` filter:"${filter}"`}}`;
    const source = `keyspace:"moved" shard:"0" filter:{${rules}}`;
    const reader = {
      ...row,
      id: "77",
      workflow: "reader",
      workflow_type: "0",
      db_name: "vt_customer",
      source,
    };
    sidecar.vreplication = [...sidecar.vreplication, reader];
    const said = await operatorAt(cluster).write("cancel moved.c2 --dry-run");
    expect(said.code, said.err + said.out).toBe(code);
    if (code === 4) expect(said.err).toMatch(/customer\.reader reads customer of moved\/0/);
    const kept = await operatorAt(cluster).write("cancel moved.c2 --keep-data --dry-run");
    expect(kept.code, kept.err + kept.out).toBe(1);
  });
});
