import { describe, expect, test } from "vitest";
import {
  cellInfoKey,
  classifyKey,
  joinKey,
  keyspaceKey,
  keyspaceRoutingRulesKey,
  type LockTarget,
  lockKey,
  locksPrefix,
  mirrorRulesKey,
  rootPrefix,
  routingRulesKey,
  shardKey,
  shardReplicationKey,
  shardRoutingRulesKey,
  srvKeyspaceKey,
  srvVSchemaKey,
  type TopoKey,
  tabletKey,
  vschemaKey,
  workflowLocksPrefix,
} from "../../src/topology/paths.js";
import { recordedKeys, recordings } from "./recordings.js";

const [G, C] = ["/vitess/global", "/vitess/zone1"];
const alias = { cell: "zone1", uid: 100 };
const lock = (target: LockTarget): TopoKey => ({ kind: "lock", target, lease: "123" });

describe("a key", () => {
  const keys: readonly (readonly [string, string, TopoKey])[] = [
    [G, cellInfoKey(G, "zone1"), { kind: "cell-info", cell: "zone1" }],
    [G, `${G}/cells_aliases/east/CellsAlias`, { kind: "cells-alias", alias: "east" }],
    [G, keyspaceKey(G, "customer"), { kind: "keyspace", keyspace: "customer" }],
    [G, vschemaKey(G, "customer"), { kind: "vschema", keyspace: "customer" }],
    [G, shardKey(G, "customer", "-80"), { kind: "shard", keyspace: "customer", shard: "-80" }],
    [G, routingRulesKey(G), { kind: "routing-rules" }],
    [G, shardRoutingRulesKey(G), { kind: "shard-routing-rules" }],
    [G, keyspaceRoutingRulesKey(G), { kind: "keyspace-routing-rules" }],
    [G, mirrorRulesKey(G), { kind: "mirror-rules" }],
    [G, `${G}/ExternalClusters/vitess/ext1`, { kind: "external-cluster", name: "ext1" }],
    [G, `${G}/metadata/a/b`, { kind: "metadata", name: "a/b" }],
    [G, `${G}/workflows/u-1/Workflow`, { kind: "legacy-workflow", uuid: "u-1" }],
    [G, `${G}/elections/e/locks/9`, { kind: "election", name: "e", lease: "9" }],
    [C, tabletKey(C, alias), { kind: "tablet", alias }],
    [
      C,
      shardReplicationKey(C, "customer", "-80"),
      { kind: "shard-replication", keyspace: "customer", shard: "-80" },
    ],
    [C, srvKeyspaceKey(C, "customer"), { kind: "srv-keyspace", keyspace: "customer" }],
    [C, srvVSchemaKey(C), { kind: "srv-vschema" }],
    ...(
      [
        { kind: "keyspace", keyspace: "customer" },
        { kind: "shard", keyspace: "customer", shard: "-80" },
        { kind: "workflow", keyspace: "customer", workflow: "c2" },
        { kind: "routing-rules" },
        { kind: "named", name: "alone" },
        { kind: "named", name: "a/b/c" },
      ] satisfies LockTarget[]
    ).map((target) => [G, lockKey(G, target, "123"), lock(target)] as const),
  ];

  test.each(keys)("under %s: %s", (root, key, expected) => {
    expect(classifyKey(root, key)).toEqual(expected);
  });

  test.each([
    `${G}/keyspaces/customer`,
    `${G}/keyspaces/customer/shards/-80/Shard/more`,
    `${G}/keyspaces/customer/shards/-80`,
    `${G}/keyspaces//Keyspace`,
    `${G}/keyspaces/customer/locks/abc`,
    `${G}/tablets/zone1-0000000100`,
    `${G}/tablets/zone1-100/Tablet`,
    `${G}/tablets/rubbish/Tablet`,
    `${G}/Routingrules`,
    `${G}/cells/zone1/locks/7`,
    `${G}x/RoutingRules`,
    "/elsewhere",
  ])("that Vitess would not write is unknown: %s", (key) => {
    expect(classifyKey(G, key).kind).toBe("unknown");
  });

  test("under a root that is not clean is where Go's path.Join puts it", () => {
    expect(joinKey("/vitess//global/", "cells")).toBe("/vitess/global/cells");
    expect(joinKey("vitess/global", "cells")).toBe("vitess/global/cells");
    expect(rootPrefix("/vitess/global/")).toBe("/vitess/global/");
    expect(rootPrefix("/")).toBe("/");
    expect(rootPrefix("")).toBe("");
    expect(classifyKey("", "SrvVSchema")).toEqual({ kind: "srv-vschema" });
  });

  test("of a lock lies under its prefix", () => {
    const target = { kind: "workflow", keyspace: "customer", workflow: "c2" } as const;
    expect(lockKey(G, target, "7")).toBe(`${locksPrefix(G, target)}7`);
    expect(lockKey(G, target, "7").startsWith(workflowLocksPrefix(G, "customer"))).toBe(true);
    expect(lockKey(G, target, "7")).toBe(`${G}/internal/named_locks/customer/c2/locks/7`);
  });

  test.each(recordings())("of the real cluster %s is known", (recording) => {
    const keys = recordedKeys(recording).map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(5);
    for (const key of keys) {
      const root = key.startsWith(`${G}/`) ? G : C;
      expect(classifyKey(root, key).kind, key).not.toBe("unknown");
    }
  });
});
