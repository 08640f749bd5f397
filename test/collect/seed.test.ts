import { describe, expect, it } from "vitest";
import { collect } from "../../src/collect/collect.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, insertRows } from "../../src/sim/native/keyspace.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { addTablet, settingsOf, sourcesOf } from "./world.js";

/** The Reshard of the recordings: customer/0 (100) into -80 (200, replica 201) and 80- (300). */
function resharding(): SimCluster {
  const cluster = new SimCluster({ version: "19.0.10" });
  cluster.addCell("zone1");
  addTablet(cluster, "zone1", 100, "0", true);
  addTablet(cluster, "zone1", 200, "-80", true);
  addTablet(cluster, "zone1", 201, "-80", false);
  addTablet(cluster, "zone1", 300, "80-", true);
  cluster.run(
    applySchema(cluster, "customer", { customer: "create table customer (id bigint, primary key (id))" }),
  );
  insertRows(cluster, "customer", "customer", [{ key: "1", content: "a" }]);
  const shards = { sources: ["0"], targets: ["-80", "80-"] };
  cluster.run(reshardCreate(cluster, { keyspace: "customer", workflow: "c2", ...shards }));
  cluster.clock.advance(60_000);
  return cluster;
}

describe("after v19's Reshard cancel", () => {
  it("a replica in a cell with its own etcd is the cancel's deed too, though no lock lies there", async () => {
    const cluster = resharding();
    const server = "etcd-zone2:2379";
    cluster.addCell("zone2", { server, root: "/cell" });
    addTablet(cluster, "zone2", 202, "-80", false);
    cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(facts.topo_history.filter((row) => row.locks_known === 0).map((row) => row.server)).toEqual([
      server,
      server,
    ]);
    const snapshot = Snapshot.of(facts);
    const elsewhere =
      "SELECT kind, alias, operation, lock_action FROM deletion WHERE server = ? ORDER BY kind";
    expect(snapshot.all(elsewhere, server)).toEqual([
      { kind: "shard_replication", alias: "", operation: "cancel", lock_action: "DropTargets" },
      { kind: "tablet", alias: "zone2-0000000202", operation: "cancel", lock_action: "DropTargets" },
    ]);
    snapshot.close();
  });

  it("the orphans are found through history, with their streams and who dropped their records", async () => {
    const cluster = resharding();
    cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
    const facts = await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(facts.witness.map(({ source, alias }) => `${source} ${alias}`)).toEqual([
      "history zone1-0000000200",
      "history zone1-0000000201",
      "history zone1-0000000300",
      "topology zone1-0000000100",
    ]);
    expect(facts.live_tablet).toHaveLength(4);
    expect(facts.vreplication.map(({ address, workflow, state }) => [address, workflow, state])).toEqual([
      ["127.0.0.1:16200", "c2", "Running"],
      ["127.0.0.1:16201", "c2", "Running"],
      ["127.0.0.1:16300", "c2", "Running"],
    ]);
    expect(facts.engine_stream.map(({ address }) => address)).toEqual(["127.0.0.1:16200", "127.0.0.1:16300"]);
    expect(facts.topo_history.map(({ key }) => key.split("/").at(-1)).sort()).toEqual([
      "Shard",
      "Shard",
      "ShardReplication",
      "ShardReplication",
      "Tablet",
      "Tablet",
      "Tablet",
    ]);
    const locks = facts.topo_history_lock.map(
      ({ value }) => JSON.parse(Buffer.from(value).toString()).Action,
    );
    expect(new Set(locks)).toEqual(new Set(["DropTargets"]));
    expect(new Set(facts.topo_history_lock.map((row) => row.deleted_revision))).toEqual(
      new Set(facts.topo_history.map((row) => row.deleted_revision)),
    );
    expect(new Set(facts.live_table.map(({ address }) => address))).toEqual(
      new Set(["127.0.0.1:16100", "127.0.0.1:16200", "127.0.0.1:16300"]),
    );
  });

  it("a scan changes nothing", async () => {
    const cluster = resharding();
    const before = cluster.topology.global.etcd.revision;
    await collect(sourcesOf(cluster), settingsOf(cluster));
    expect(cluster.topology.global.etcd.revision).toBe(before);
    expect(cluster.effects.log).toEqual([]);
  });
});
