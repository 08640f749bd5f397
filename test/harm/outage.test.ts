import { expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { operatorAt } from "../cli/harness.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";

/** MoveTables c2 runs into moved/0, which serves, and whose record somebody deletes by mistake. */
function servingShardDeleted(): SimCluster {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  cluster.run(createKeyspace(cluster, "moved"));
  const tablet = cluster.addTablet({ alias: { cell: "zone1", uid: 400 }, keyspace: "moved", shard: "0" });
  cluster.run(startTablet(cluster, tablet));
  cluster.run(plannedReparent(cluster, tablet));
  const tables = { sourceKeyspace: "customer", tables: ["customer"], cell: "zone1" };
  cluster.run(moveTablesCreate(cluster, { keyspace: "moved", workflow: "c2", ...tables }));
  cluster.clock.advance(5000);
  cluster.run(deleteShards(cluster, "moved", ["0"]));
  cluster.clock.advance(60_000);
  return cluster;
}

test.each(["restore", "retire --unsupervised"])(
  "a serving shard without its record is an outage: --orphans %s touches nothing of it",
  async (choice) => {
    const cluster = servingShardDeleted();
    const streams = () => JSON.stringify(cluster.tablet("zone1-0000000400").mysql.data.sidecar.vreplication);
    const before = streams();
    const said = await operatorAt(cluster).write(
      `fix shard-missing-live-tablets@moved/0 --orphans ${choice} --yes`,
    );
    expect(said.code, said.err + said.out).toBe(4);
    expect(said.err).toMatch(/moved\/0 is no orphan but an outage: PRIMARY queries of cell zone1 are routed/);
    expect(streams()).toBe(before);
  },
);
