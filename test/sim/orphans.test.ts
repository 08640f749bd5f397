import { beforeEach, describe, expect, test } from "vitest";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { insertRows } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { shardKey, shardReplicationKey, tabletKey } from "../../src/topology/paths.js";

const c2 = { keyspace: "customer", workflow: "c2" } as const;
const names = ["zone1-0000000200", "zone1-0000000201", "zone1-0000000300"] as const;

describe("after the cancel of v19", () => {
  let cluster: SimCluster;
  const tablet = (uid: number) => cluster.tablet(`zone1-0000000${uid}`);
  const shard = (name: string) => cluster.topology.shard("customer", name).get();
  const arriving = () => {
    const before = rowsOf(cluster, 200) + rowsOf(cluster, 300);
    const last = rowsOf(cluster, 100);
    const rows = Array.from({ length: 10 }, (_, index) => ({ key: `${last + index + 1}`, content: "new" }));
    insertRows(cluster, "customer", "customer", rows);
    cluster.clock.advance(2_000);
    return rowsOf(cluster, 200) + rowsOf(cluster, 300) - before;
  };

  beforeEach(() => {
    cluster = reshardingLab({ version: "19.0.10", rows: 40 });
    cluster.run(reshardCancel(cluster, { ...c2, version: 19 }));
  });

  test("the streams run on and apply every write of the source", () => {
    expect([shard("-80"), shard("80-")]).toEqual([null, null]);
    expect(arriving()).toBe(10);
    expect(rowsOf(cluster, 201)).toBe(rowsOf(cluster, 200));
  });

  test("the order that upstream mended leaves the shards and no stream", () => {
    const mended = reshardingLab({ version: "19.0.10", rows: 40 });
    mended.run(reshardCancel(mended, { ...c2, version: 19, orderBug: false }));
    expect(mended.topology.shards("customer")).toEqual(["-80", "0", "80-"]);
    for (const name of names) {
      expect(mended.tablet(name).engine.streams).toEqual([]);
      expect(mended.tablet(name).mysql.data.sidecar.vreplication).toEqual([]);
    }
  });

  test("RefreshState fails, the RPC delete works", () => {
    expect(tablet(200).refreshState()).toMatchObject({
      reason: "failed",
      message: expect.stringContaining("node doesn't exist"),
    });
    expect(tablet(200).engine.deleteWorkflow("c2")).toMatchObject({ value: { rowsAffected: 1 } });
    expect(tablet(200).engine.streams).toEqual([]);
    expect(tablet(201).mysql.data.sidecar.vreplication).toEqual([]);
  });

  test("a restart makes the shard again, without a primary and not serving, and closes the engine", () => {
    tablet(200).stop();
    cluster.run(startTablet(cluster, tablet(200)));
    expect(shard("-80")).toMatchObject({ isPrimaryServing: false });
    expect(shard("-80")?.primaryAlias).toBeUndefined();
    expect(tablet(200).type).toBe(TabletType.REPLICA);
    expect(tablet(200).engine.deleteWorkflow("c2")).toMatchObject({ reason: "closed" });
  });

  test("a primary that is elected after the restart resumes the cancelled stream", () => {
    tablet(200).stop();
    cluster.run(startTablet(cluster, tablet(200)));
    cluster.run(plannedReparent(cluster, tablet(200)));
    expect(arriving()).toBe(10);
  });

  test("the deleted bytes put back heal the shard within one shard sync", () => {
    const { etcd, root } = cluster.topology.global;
    const cell = cluster.topology.cell("zone1").root;
    for (const { key, value } of lastBytes(cluster, [
      tabletKey(cell, { cell: "zone1", uid: 200 }),
      shardReplicationKey(cell, "customer", "-80"),
    ]))
      etcd.put(key, value);
    cluster.topology.shard("customer", "-80").put({
      ...lastShard(cluster, shardKey(root, "customer", "-80")),
      primaryAlias: undefined,
    });
    cluster.clock.advance(30_000);
    expect(shard("-80")).toMatchObject({
      primaryAlias: { cell: "zone1", uid: 200 },
      isPrimaryServing: false,
    });
    expect(tablet(200).refreshState()).toMatchObject({ kind: "answered" });
  });

  test("a newer term in the restored shard ends the primary's", () => {
    const at = cluster.topology.shard("customer", "-80");
    const record = lastShard(cluster, at.key);
    const seconds = (record.primaryTermStartTime?.seconds ?? 0n) + 3600n;
    const foreign = { ...record.primaryAlias, uid: 299 };
    at.put({
      ...record,
      primaryAlias: { ...foreign, $typeName: "topodata.TabletAlias", cell: "zone1" },
      primaryTermStartTime: { $typeName: "vttime.Time", seconds, nanoseconds: 0 },
    });
    cluster.clock.advance(30_000);
    expect(tablet(200).type).toBe(TabletType.REPLICA);
    expect(tablet(200).engine.isOpen).toBe(false);
  });

  test.each(names)("%s ends itself when it publishes, and its MySQL stays", (name) => {
    cluster.tablet(name).publish();
    expect(cluster.tablet(name).running).toBe(true);
    cluster.clock.advance(5_000);
    expect(cluster.tablet(name)).toMatchObject({ running: false, mysql: { running: true } });
  });

  test("under a supervisor it comes back and makes its records again", () => {
    tablet(300).supervised = true;
    tablet(300).publish();
    cluster.clock.advance(10_000);
    expect(tablet(300).running).toBe(true);
    expect(shard("80-")).not.toBeNull();
    expect(cluster.topology.tablet(tablet(300).alias).get()).toMatchObject({ type: TabletType.REPLICA });
  });
});

describe("a row that SQL deletes", () => {
  test("leaves a ghost that applies on, out of reach of the RPC, until its id exists again", () => {
    const cluster = reshardingLab({ rows: 40 });
    const target = cluster.tablet("zone1-0000000200");
    const applied = () => {
      const before = rowsOf(cluster, 200);
      const rows = Array.from({ length: 40 }, (_, key) => ({ key: `g${before}-${key}`, content: "" }));
      insertRows(cluster, "customer", "customer", rows);
      cluster.clock.advance(2_000);
      return rowsOf(cluster, 200) - before;
    };
    target.executeAsDba("delete from _vt.vreplication where id = 1");
    expect(target.engine.deleteWorkflow("c2")).toMatchObject({ value: { rowsAffected: 0 } });
    expect(target.engine.streams).toMatchObject([{ id: 1, workflow: "c2" }]);
    expect(applied()).toBeGreaterThan(0);
    target.executeAsDba(
      `insert into _vt.vreplication (id, workflow, db_name, source, state) values (1, 'c2', 'vt_customer', 'keyspace:"customer" shard:"0"', 'Stopped')`,
    );
    expect(target.engine.exec("delete from _vt.vreplication where id = 1")).toMatchObject({
      value: { rowsAffected: 1 },
    });
    expect(target.engine.streams).toEqual([]);
    expect(applied()).toBe(0);
  });
});

const rowsOf = (cluster: SimCluster, uid: number): number =>
  cluster.tablet(`zone1-0000000${uid}`).mysql.table("vt_customer", "customer")?.rows.size ?? 0;

const lastBytes = (cluster: SimCluster, keys: readonly string[]) =>
  keys.map((key) => {
    const { events } = cluster.topology.global.etcd;
    const put = events.findLast((event) => event.key === key && event.type === "put");
    if (put === undefined) throw new Error(`history does not know ${key}`);
    return put;
  });

const lastShard = (cluster: SimCluster, key: string) => {
  const deleted = cluster.topology.global.etcd.events.findLast((event) => event.key === key);
  const [put] = lastBytes(cluster, [key]);
  cluster.topology.global.etcd.put(key, put?.value ?? new Uint8Array());
  const record = cluster.topology.shard("customer", "-80").get();
  cluster.topology.global.etcd.delete(key);
  if (record === null || deleted?.type !== "delete") throw new Error(`${key} was not deleted`);
  return record;
};
