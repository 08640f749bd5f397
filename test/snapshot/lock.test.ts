import { describe, expect, test } from "vitest";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aLock, aTopoKey, aTopology, ETCD, NOW } from "./make-facts.js";

const KEYSPACE = "/vitess/global/keyspaces/customer/locks/11";
const NAMED = "/vitess/global/internal/named_locks/customer/c2/locks/12";

const seen = <T>(parts: Partial<Facts>, sql: string): readonly T[] => {
  const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), ...parts });
  const rows = snapshot.all<T>(sql);
  snapshot.close();
  return rows;
};

const lease = (id: string, ttl: number, granted_ttl: number) => ({
  server: ETCD,
  lease: id,
  ttl,
  granted_ttl,
});
const lock = (key: string, action: string, age: number, rest = {}) =>
  aTopoKey(key, aLock(action, NOW - age), { lease: "11", ...rest });
const inFlight = (key: string, action: string, age: number, leases: Facts["topo_lease"] = []): boolean =>
  seen({ topo_key: [lock(key, action, age)], topo_lease: leases }, "SELECT * FROM operation").length === 1;

describe("a lock explains what is going on for as long as its action may take, and no longer (docs/decisions.md#d11)", () => {
  test.each([
    ["SwitchWrites", 30, true],
    ["SwitchWrites", 600, false],
    ["WorkflowSwitchTraffic", 200, true],
    ["WorkflowSwitchTraffic", 3600, false],
    ["DropTargets", 300, true],
    ["DropTargets", 3600, false],
    ["PlannedReparentShard(zone1-0000000100, AvoidPrimary = <nil>)", 60, true],
    ["PlannedReparentShard(zone1-0000000100, AvoidPrimary = <nil>)", 300, false],
    ["VTOrc Recovery for DeadPrimary on zone1-0000000100", 60, true],
    ["ApplySchemaKeyspace", 1800, true],
    ["ApplySchemaKeyspace", 7200, false],
    ["vtdoctor: fix 01abc", 600, true],
    ["RebuildKeyspace", 60, true],
    ["RebuildKeyspace", 600, false],
    ["an action of a later Vitess", 60, true],
    ["an action of a later Vitess", 600, false],
  ])("%s after %d s: %s", (action, age, expected) => {
    expect(inFlight(KEYSPACE, action, age)).toBe(expected);
  });

  test("its clock may go before or after ours by a minute, and its lease needs no clock", () => {
    expect(inFlight(KEYSPACE, "RebuildKeyspace", -50)).toBe(true);
    expect(inFlight(KEYSPACE, "RebuildKeyspace", -86_400)).toBe(false);
    expect(inFlight(KEYSPACE, "RebuildKeyspace", -86_400, [lease("11", 20, 30)])).toBe(true);
    expect(inFlight(NAMED, "WorkflowSwitchTraffic", 10, [lease("11", 86_400 - 3600, 86_400)])).toBe(false);
    expect(inFlight(NAMED, "WorkflowSwitchTraffic", 10, [lease("11", 86_390, 86_400)])).toBe(true);
  });

  test("a lease that nobody renews counts alone: the clocks of the holder and of vtdoctor may be wrong", () => {
    const young = [lease("11", 86_395, 86_400)];
    expect(inFlight(NAMED, "WorkflowSwitchTraffic", 600, young)).toBe(true);
    const old = [lease("11", 86_400 - 361, 86_400)];
    expect(inFlight(NAMED, "WorkflowSwitchTraffic", 10, old)).toBe(false);
  });

  test("a lease that somebody renews says that its holder lives", () => {
    const renewed = [lease("11", 25, 30)];
    for (const key of [NAMED, KEYSPACE])
      expect(inFlight(key, "vtdoctor: fix 01abc", 7200, renewed)).toBe(true);
    expect(inFlight(KEYSPACE, "ApplySchemaKeyspace", 7200, renewed)).toBe(true);
  });

  test.each([
    ["both agree within a minute", NAMED, "WorkflowSwitchTraffic", 65, 5, 5, null],
    ["the holder's clock is behind", NAMED, "WorkflowSwitchTraffic", 66, 5, 5, 61],
    ["the holder's clock is ahead", KEYSPACE, "RebuildKeyspace", -86_400, 10, 10, -86_410],
    ["a keyspace lock may have been renewed", KEYSPACE, "SwitchWrites", 600, 5, 5, null],
    ["vtdoctor renews its named lock", NAMED, "vtdoctor: fix 01abc", 600, 5, 5, null],
    ["its lease is not known", NAMED, "WorkflowSwitchTraffic", 600, null, 600, null],
    ["its lease is not known, and its time is yet to come", NAMED, "vdiff", -61, null, null, -61],
  ])("its age, and what the clocks differ by: %s", (_, key, action, byText, byLease, age_s, skew_s) => {
    const topo_lease = byLease === null ? [] : [lease("11", 86_400 - byLease, 86_400)];
    const topo_key = [lock(key, action, byText)];
    expect(seen({ topo_key, topo_lease }, "SELECT age_s, skew_s FROM topo_lock")).toEqual([
      { age_s, skew_s },
    ]);
  });

  test("a switch with a longer --timeout says so in its keyspace lock (docs/vitess.md#locks-after-a-crash)", () => {
    const locks = [
      lock(NAMED, "WorkflowSwitchTraffic", 900),
      lock(KEYSPACE, "SwitchWrites", 900, { lease: "12" }),
    ];
    const actions = (granted: number) =>
      seen(
        { topo_key: locks, topo_lease: [lease("12", granted - 900, granted)] },
        "SELECT action FROM operation ORDER BY action",
      );
    expect(actions(1200)).toEqual([{ action: "SwitchWrites" }, { action: "WorkflowSwitchTraffic" }]);
    expect(actions(904)).toEqual([{ action: "SwitchWrites" }, { action: "WorkflowSwitchTraffic" }]);
    expect(seen({ topo_key: locks }, "SELECT action FROM operation")).toEqual([]);
  });

  test("a lock without a readable body and without a lease explains nothing", () => {
    expect(seen({ topo_key: [aTopoKey(KEYSPACE, "junk")] }, "SELECT * FROM operation")).toEqual([]);
    expect(
      seen(
        { topo_key: [aTopoKey(KEYSPACE, "junk")] },
        "SELECT kind, action, taken_at, holder FROM topo_lock",
      ),
    ).toEqual([{ kind: "keyspace", action: "", taken_at: null, holder: 1 }]);
  });

  test("it says what, whose and until when", () => {
    expect(
      seen({ topo_key: [lock(NAMED, "WorkflowSwitchTraffic", 100)] }, "SELECT * FROM operation"),
    ).toEqual([
      {
        keyspace: "customer",
        shard: "",
        workflow: "c2",
        action: "WorkflowSwitchTraffic",
        lock_key: NAMED,
        host_name: "vtctld-1",
        since: NOW - 100,
        until: NOW + 200,
        age_s: 100,
        skew_s: null,
        other_keyspace: "",
      },
    ]);
  });
});

test("the oldest key of a directory holds the lock; who waits is no operation", () => {
  const dir = "/vitess/global/keyspaces/customer/locks";
  const parts = {
    topo_key: [
      lock(`${dir}/9`, "DropTargets", 5, { create_revision: 60 }),
      lock(`${dir}/10`, "SwitchWrites", 10, { create_revision: 50 }),
    ],
  };
  expect(seen(parts, "SELECT action, holder FROM topo_lock ORDER BY action")).toEqual([
    { action: "DropTargets", holder: 0 },
    { action: "SwitchWrites", holder: 1 },
  ]);
  expect(seen(parts, "SELECT action FROM operation")).toEqual([{ action: "SwitchWrites" }]);
});

test("every kind of lock is named", () => {
  const paths = [
    "keyspaces/customer",
    "keyspaces/customer/shards/-80",
    "internal/named_locks/customer/c2",
    "internal/named_locks/odd",
    "routing_rules",
  ];
  const topo_key = paths.map((path) => lock(`/vitess/global/${path}/locks/7`, "x", 1));
  expect(seen({ topo_key }, "SELECT kind, keyspace, shard, workflow FROM topo_lock ORDER BY key")).toEqual([
    { kind: "workflow", keyspace: "customer", shard: null, workflow: "c2" },
    { kind: "other", keyspace: null, shard: null, workflow: null },
    { kind: "keyspace", keyspace: "customer", shard: null, workflow: null },
    { kind: "shard", keyspace: "customer", shard: "-80", workflow: null },
    { kind: "routing_rules", keyspace: null, shard: null, workflow: null },
  ]);
});
