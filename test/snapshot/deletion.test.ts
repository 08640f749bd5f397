import { describe, expect, test } from "vitest";
import { ShardSchema, TabletSchema } from "../../src/proto/gen/topodata_pb.js";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import type { DeletionRow } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";
import { aDeletion, aLock, aPastLock, aTopology, ETCD, encoded, NOW } from "./make-facts.js";

const G = "/vitess/global";
const shard = (name: string) => `${G}/keyspaces/customer/shards/${name}/Shard`;
const tablet = (root: string, uid: number) => `${root}/tablets/zone1-0000000${uid}/Tablet`;
const tabletValue = encoded(TabletSchema, { keyspace: "customer", shard: "-80" });
const shardValue = encoded(ShardSchema, {});

type Row = Partial<DeletionRow>;

const deletions = (parts: Partial<Facts>, columns = "kind, operation, lock_action, workflow") => {
  const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), ...parts });
  const rows = snapshot.all<Row>(`SELECT ${columns} FROM deletion ORDER BY kind, key, deleted_revision`);
  snapshot.close();
  return rows;
};

const one = (locks: Facts["topo_history_lock"]) =>
  deletions({ topo_history: [aDeletion(shard("-80"), shardValue, 50)], topo_history_lock: locks })[0];

const keyspaceLock = (action: string, rest = {}) =>
  aPastLock(`${G}/keyspaces/customer/locks/11`, action, 50, rest);
const shardLock = (name: string, action: string) =>
  aPastLock(`${G}/keyspaces/customer/shards/${name}/locks/12`, action, 50);
const namedLock = (action: string) => aPastLock(`${G}/internal/named_locks/customer/c2/locks/13`, action, 50);

describe("the operation of a deletion", () => {
  test.each([
    ["a cancel", [keyspaceLock("DropTargets")], "cancel", "DropTargets", ""],
    [
      "a cancel of v22 and later",
      [namedLock("WorkflowDelete"), keyspaceLock("DropTargets")],
      "cancel",
      "DropTargets",
      "c2",
    ],
    [
      "a complete",
      [namedLock("MoveTablesComplete"), keyspaceLock("DropSources")],
      "complete",
      "DropSources",
      "c2",
    ],
    ["a person, the shard", [shardLock("-80", "DeleteShard")], "delete-shard", "DeleteShard", ""],
    [
      "a person, a primary",
      [shardLock("-80", "DeleteTablet(zone1-0000000200)")],
      "delete-tablet",
      "DeleteTablet(zone1-0000000200)",
      "",
    ],
    [
      "a person, all",
      [keyspaceLock("DeleteKeyspace"), shardLock("-80", "DeleteShard")],
      "delete-keyspace",
      "DeleteKeyspace",
      "",
    ],
    ["another operation", [keyspaceLock("RebuildKeyspace")], "other", "RebuildKeyspace", ""],
  ])("%s", (_, locks, operation, lock_action, workflow) => {
    expect(one(locks)).toEqual({ kind: "shard", operation, lock_action, workflow });
  });

  test("a person's lock on the very shard wins over everybody's on its keyspace", () => {
    const meant = { operation: "delete-shard", lock_action: "DeleteShard", workflow: "" };
    const direct = shardLock("-80", "DeleteShard");
    for (const action of ["DropTargets", "DropSources", "RebuildKeyspace"])
      expect(one([keyspaceLock(action), direct])).toMatchObject(meant);
    expect(one([namedLock("WorkflowDelete"), keyspaceLock("DropTargets"), direct])).toMatchObject(meant);
    expect(one([shardLock("80-", "DeleteShard"), keyspaceLock("DropTargets")])).toMatchObject({
      operation: "cancel",
    });
  });

  test("the lock under which one tablet is deleted wins for that tablet only", () => {
    const locks = [shardLock("-80", "DeleteTablet(zone1-0000000200)"), keyspaceLock("DropTargets")];
    const deleted = [200, 201].map((uid) => aDeletion(tablet("/vitess/zone1", uid), tabletValue, 50));
    const parts = { topo_history: [...deleted, aDeletion(shard("-80"), shardValue, 50)] };
    expect(deletions({ ...parts, topo_history_lock: locks }, "kind, alias, operation")).toEqual([
      { kind: "shard", alias: "", operation: "cancel" },
      { kind: "tablet", alias: "zone1-0000000200", operation: "delete-tablet" },
      { kind: "tablet", alias: "zone1-0000000201", operation: "cancel" },
    ]);
  });

  test("a lock that was older than its operation may take explains nothing, by any lock that came later", () => {
    const dropping = (age: number) =>
      keyspaceLock("DropTargets", { value: new TextEncoder().encode(aLock("DropTargets", NOW - 100 - age)) });
    const later = aPastLock(`${G}/keyspaces/orders/locks/7`, "RebuildKeyspace", 40);
    const at = (age: number) => one([dropping(age), later])?.operation;
    expect([at(0), at(660), at(661)]).toEqual(["cancel", "cancel", "none"]);
    const after = aPastLock(`${G}/keyspaces/orders/locks/7`, "RebuildKeyspace", 60, { mod_revision: 50 });
    expect(one([dropping(661), after])?.operation).toBe("cancel");
  });

  test("a named lock whose workflow nobody knows only names what its own process' keyspace lock does", () => {
    const none = { operation: "none", lock_action: null, workflow: "" };
    expect(one([namedLock("WorkflowDelete")])).toMatchObject(none);
    expect(one([namedLock("MoveTablesComplete")])).toMatchObject(none);
    const cancel = { operation: "cancel", lock_action: "DropTargets", workflow: "" };
    expect(one([namedLock("MoveTablesComplete"), keyspaceLock("DropTargets")])).toMatchObject(cancel);
    const elsewhere = aLock("DropTargets", NOW - 100).replace("vtctld-1", "vtctld-2");
    const other = keyspaceLock("DropTargets", { value: new TextEncoder().encode(elsewhere) });
    expect(one([namedLock("WorkflowDelete"), other])).toMatchObject(cancel);
  });

  test("a named lock speaks for the shards of its own Reshard, and a MoveTables has none", () => {
    const told = (recording: string, key: string, workflow: string) => {
      const facts = factsOfRecording(recording);
      const server = facts.topo_server[0]?.server ?? "";
      const lock = `${G}/internal/named_locks/${workflow}/locks/13`;
      const snapshot = Snapshot.of({
        ...facts,
        topo_history: [aDeletion(`${G}/keyspaces/${key}/Shard`, shardValue, 50, server)],
        topo_history_lock: [aPastLock(lock, "MoveTablesComplete", 50, { server })],
      });
      const [found] = snapshot.all<{ told: string }>(
        "SELECT operation || ' of ' || workflow AS told FROM deletion",
      );
      snapshot.close();
      return found?.told;
    };
    const reshard = (key: string, workflow: string) => told("healthy-reshard-running-v24", key, workflow);
    expect(reshard("customer/shards/-80", "customer/c2")).toBe("complete of c2");
    expect(reshard("customer/shards/0", "customer/c2")).toBe("complete of c2");
    expect(reshard("customer/shards/80-", "customer/mt")).toBe("none of c2");
    expect(reshard("customer/shards/x", "customer/c2")).toBe("none of ");
    expect(told("healthy-movetables-created-v24", "moved/shards/0", "moved/m1")).toBe("none of m1");
  });

  test("none where no lock covers it: nothing, another shard's, another keyspace's", () => {
    const none = { kind: "shard", operation: "none", lock_action: null, workflow: "" };
    expect(one([])).toEqual(none);
    expect(one([shardLock("80-", "DeleteShard")])).toEqual(none);
    expect(one([aPastLock(`${G}/keyspaces/orders/locks/1`, "DropTargets", 50)])).toEqual(none);
  });

  test("a lock that waits behind the holder did nothing", () => {
    const holder = keyspaceLock("RebuildKeyspace", { mod_revision: 40 });
    const waiter = {
      ...keyspaceLock("DropTargets", { mod_revision: 45 }),
      key: `${G}/keyspaces/customer/locks/10`,
    };
    expect(one([waiter, holder])).toMatchObject({ operation: "other", lock_action: "RebuildKeyspace" });
  });

  test("a lock that nobody can read is still a lock", () => {
    expect(one([keyspaceLock("x", { value: new Uint8Array([1]) })])).toMatchObject({
      operation: "other",
      lock_action: "",
    });
  });
});

test("a tablet on its cell's own etcd goes with its shard's deletion", () => {
  const cellServer = "cell-etcd:2379";
  const elsewhere = { locks_known: 0 };
  const [server] = aTopology().topo_server;
  const parts: Partial<Facts> = {
    topo_server: server === undefined ? [] : [server, { ...server, server: cellServer, cluster_id: "2" }],
    topo_root: [
      { name: "global", server: ETCD, root: G },
      { name: "zone1", server: cellServer, root: "/vitess/zone1" },
    ],
    topo_history: [
      aDeletion(tablet("/vitess/zone1", 200), tabletValue, 7, cellServer, elsewhere),
      aDeletion(
        "/vitess/zone1/keyspaces/customer/shards/-80/ShardReplication",
        new Uint8Array(),
        8,
        cellServer,
        elsewhere,
      ),
      aDeletion(
        "/vitess/zone1/keyspaces/customer/shards/80-/ShardReplication",
        new Uint8Array(),
        9,
        cellServer,
        elsewhere,
      ),
      aDeletion(shard("-80"), shardValue, 50),
    ],
    topo_history_lock: [keyspaceLock("DropTargets")],
  };
  expect(deletions(parts, "kind, shard, operation")).toEqual([
    { kind: "shard", shard: "-80", operation: "cancel" },
    { kind: "shard_replication", shard: "-80", operation: "cancel" },
    { kind: "shard_replication", shard: "80-", operation: "unknown" },
    { kind: "tablet", shard: "-80", operation: "cancel" },
  ]);
});

test("a deletion whose locks could not be read is not one without a lock", () => {
  const unread = { locks_known: 0 };
  const parts: Partial<Facts> = {
    topo_history: [
      aDeletion(shard("-80"), shardValue, 50, ETCD, unread),
      aDeletion(shard("80-"), shardValue, 51),
      aDeletion(tablet("/vitess/zone1", 200), tabletValue, 40, ETCD, unread),
    ],
  };
  expect(deletions(parts, "kind, shard, operation")).toEqual([
    { kind: "shard", shard: "-80", operation: "unknown" },
    { kind: "shard", shard: "80-", operation: "none" },
    { kind: "tablet", shard: "-80", operation: "unknown" },
  ]);
});

test("a deletion beside its locks is not explained by its shard's: a person may have taken one tablet before", () => {
  const parts: Partial<Facts> = {
    topo_history: [
      aDeletion(tablet("/vitess/zone1", 201), tabletValue, 20),
      aDeletion(shard("-80"), shardValue, 50),
    ],
    topo_history_lock: [keyspaceLock("DropTargets")],
  };
  expect(deletions(parts, "kind, operation")).toEqual([
    { kind: "shard", operation: "cancel" },
    { kind: "tablet", operation: "none" },
  ]);
});

test("only records are deletions, each as often as it was deleted, and what exists again is marked", () => {
  const parts: Partial<Facts> = {
    topo_history: [
      aDeletion(`${G}/RoutingRules`, new Uint8Array(), 18),
      aDeletion(`${G}/keyspaces/customer/VSchema`, new Uint8Array(), 19),
      aDeletion(shard("-80"), shardValue, 20),
      { ...aDeletion(shard("-80"), shardValue, 50), recreated: 1 },
      aDeletion("/vitess/zone1/keyspaces/customer/SrvKeyspace", new Uint8Array(), 51),
      aDeletion(`${G}/keyspaces/customer/Keyspace`, new Uint8Array([0xff]), 52),
    ],
  };
  expect(deletions(parts, "kind, cell, deleted_revision AS at, recreated, detail_json")).toEqual([
    { kind: "keyspace", cell: "", at: 52, recreated: 0, detail_json: "{}" },
    { kind: "shard", cell: "", at: 20, recreated: 0, detail_json: "{}" },
    { kind: "shard", cell: "", at: 50, recreated: 1, detail_json: "{}" },
    { kind: "srv_keyspace", cell: "zone1", at: 51, recreated: 0, detail_json: "{}" },
    { kind: "vschema", cell: "", at: 19, recreated: 0, detail_json: "{}" },
  ]);
});
