import { clone, create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { FixRequest } from "../../src/plan/draft.js";
import type { Plan } from "../../src/plan/plan.js";
import { touchedTablets, writeSet } from "../../src/plan/write-set.js";
import {
  KeyRangeSchema,
  ShardReferenceSchema,
  SrvKeyspaceSchema,
  TabletAliasSchema,
  TabletSchema,
} from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { resumedRetired, returned } from "../crash/leaving-scenes.js";
import { orphaned, snapshotOf } from "../crash/scene.js";
import { silentOn } from "./change.js";
import { fixOf, kinds } from "./planned.js";

const COMMAND = { kind: "command", template: ["stop", "{alias}"], watchMs: 30_000 } as const;
const SELF = { kind: "unsupervised", watchMs: 30_000 } as const;
const NEVER = "shard-never-had-primary@customer/-80";
const RESUMED = "cancelled-stream-resumed@customer/-80/c2";

const retire = async (
  cluster: SimCluster,
  wanted: Partial<FixRequest> = {},
  finding = NEVER,
  change = (facts: Facts): Facts => facts,
): Promise<Plan> => {
  const snapshot = await snapshotOf(cluster);
  try {
    return fixOf(change(snapshot.facts()), {
      findings: [finding],
      orphans: "retire",
      stopping: COMMAND,
      ...wanted,
    });
  } finally {
    snapshot.close();
  }
};

const stepsOf = (plan: Plan) => plan.stages.flatMap(({ steps }) => steps);
const removed = (plan: Plan) =>
  stepsOf(plan).flatMap((step) => (step.kind === "record.remove" ? [step.key] : []));
const reasons = (plan: Plan) => plan.blocked.map(({ reason, instead }) => `${reason}; ${instead}`).join("\n");

describe("a shard that came back and leaves for good", () => {
  test("its rows are cleared, its vttablets end, its records go in Vitess's order, and nobody comes back", async () => {
    const plan = await retire(returned.build());
    expect(plan.blocked).toEqual([]);
    expect(plan.repairs).toContain(NEVER);
    expect(kinds(plan)).toEqual([
      "row.clear",
      "tablet.stop",
      "tablet.stop",
      "record.remove",
      "record.remove",
      "record.remove",
      "tablet.stay-away",
    ]);
    expect(touchedTablets(plan)).toEqual(["zone1-0000000200", "zone1-0000000201"]);
    expect(removed(plan)).toEqual([
      "/vitess/zone1/tablets/zone1-0000000200/Tablet",
      "/vitess/zone1/keyspaces/customer/shards/-80/ShardReplication",
      "/vitess/global/keyspaces/customer/shards/-80/Shard",
    ]);
    expect(stepsOf(plan).at(-2)?.id).toBe("06-record.remove-Shard-customer--80");
    const watch = stepsOf(plan).find((step) => step.kind === "tablet.stay-away");
    expect(watch?.keys.map(({ key }) => key)).toEqual(expect.arrayContaining([...removed(plan)]));
    const locks = plan.stages.flatMap((stage) =>
      stage.steps.some(({ kind }) => kind === "record.remove") ? stage.locks.map(({ kind }) => kind) : [],
    );
    expect(locks).toEqual(["keyspace", "shard", "keyspace"]);
    expect(writeSet(plan).filter(({ kind }) => kind === "topo-key")).toHaveLength(3);
  });

  test("elected by VTOrc: its streams are stopped through it, and replicas end before it", async () => {
    const plan = await retire(resumedRetired.build(), {}, RESUMED);
    expect(plan.blocked).toEqual([]);
    expect(kinds(plan)).toEqual([
      "stream.stop",
      "stream.verify-stopped",
      "stream.delete",
      "stream.verify-gone",
      "tablet.stop",
      "tablet.stop",
      "record.remove",
      "record.remove",
      "record.remove",
      "tablet.stay-away",
    ]);
    const ended = stepsOf(plan).flatMap((step) => (step.kind === "tablet.stop" ? [step.tablet.type] : []));
    expect(ended).toEqual(["REPLICA", "PRIMARY"]);
  });

  test("a vttablet that has ended already is not asked for: only its records go", async () => {
    const cluster = returned.build();
    for (const uid of [200, 201]) cluster.tablet(`zone1-0000000${uid}`).stop();
    const plan = await retire(cluster, { stopping: null });
    expect(kinds(plan)).toEqual(["record.remove", "record.remove", "record.remove"]);
    expect(plan.notes.join("\n")).toMatch(
      /zone1-0000000200 of customer\/-80 does not answer: .*brings the shard back/,
    );
  });

  test("by themselves, once the vttablet that has its record again was ended by hand", async () => {
    const cluster = returned.build();
    cluster.tablet("zone1-0000000200").stop();
    const plan = await retire(cluster, { stopping: SELF });
    expect(plan.blocked).toEqual([]);
    expect(kinds(plan)).toEqual([
      "tablet.stop",
      "record.remove",
      "record.remove",
      "record.remove",
      "tablet.stay-away",
    ]);
    expect(plan.notes.join("\n")).toMatch(
      /rows of c2 stay in the MySQL of zone1-0000000201, which is read-only/,
    );
  });

  test("beside another shard that leaves: both are watched together, at the end", async () => {
    const findings = [NEVER, "shard-missing-live-tablets@customer/80-"];
    const plan = await retire(returned.build(), { findings });
    expect(plan.blocked).toEqual([]);
    const watches = stepsOf(plan).filter((step) => step.kind === "tablet.stay-away");
    expect(watches).toHaveLength(1);
    expect(watches[0]?.tablets.map(({ alias }) => alias).sort()).toEqual([
      "zone1-0000000200",
      "zone1-0000000201",
      "zone1-0000000300",
    ]);
    expect(kinds(plan).at(-1)).toBe("tablet.stay-away");
  });

  test("one that was killed is proven to have ended before its record goes", async () => {
    const cluster = returned.build();
    for (const uid of [200, 201]) cluster.tablet(`zone1-0000000${uid}`).kill();
    const plan = await retire(cluster);
    const first = stepsOf(plan).find((step) => step.kind === "record.remove");
    expect(first?.ended.map(({ alias }) => alias)).toEqual(["zone1-0000000200"]);
  });
});

describe("a shard that came back is not retired where", () => {
  const refusals: readonly [string, () => SimCluster, Partial<FixRequest>, string, RegExp][] = [
    ["nobody said how its vttablets end", returned.build, { stopping: null }, NEVER, /hooks\.stopTablet/],
    [
      "they should end themselves, and one has a record",
      returned.build,
      { stopping: SELF },
      NEVER,
      /zone1-0000000200 has its record again.*hooks\.stopTablet.*SIGTERM/,
    ],
    ["it serves writes", serving, {}, NEVER, /serves writes by its record/],
    [
      "queries are routed to it",
      routed,
      {},
      NEVER,
      /REPLICA queries of cell zone1 are routed to customer\/-80/,
    ],
    ["a tablet of it does not say whether it runs", silent, {}, NEVER, /zone1-0000000202 .* does not answer/],
    ["a record names another address than the process", strayed, {}, NEVER, /names another process/],
  ];
  test.each(refusals)("%s", async (_, build, wanted, finding, reason) => {
    const plan = await retire(build(), wanted, finding);
    expect(kinds(plan)).toEqual([]);
    expect(reasons(plan)).toMatch(reason);
  });

  test.each([
    [
      "a workflow was made on it since",
      "zone1-0000000200",
      {},
      /c3 on zone1-0000000200 is not clearly older/,
    ],
    [
      "a workflow elsewhere reads from it",
      "zone1-0000000100",
      { source: 'keyspace:"customer" shard:"-80" filter:{rules:{match:"customer"}}' },
      /customer\.c3 on zone1-0000000100 reads from customer\/-80/,
    ],
  ] as const)("%s", async (_, alias, columns, reason) => {
    const plan = await retire(resumedRetired.build(), {}, RESUMED, (facts) =>
      withStream(facts, alias, columns),
    );
    expect(kinds(plan)).toEqual([]);
    expect(reasons(plan)).toMatch(reason);
  });
});

describe("a shard that came back does not stay where", () => {
  const unlocked = (facts: Facts): Facts => ({ ...facts, topo_history_lock: [] });
  const readOnly = (facts: Facts): Facts => ({
    ...facts,
    live_tablet: facts.live_tablet.map((row) => ({ ...row, read_only: 1 })),
  });
  const same = (facts: Facts): Facts => facts;
  const unheard = (facts: Facts): Facts => silentOn(facts, "zone1-0000000201", "streams");

  test.each([
    [
      "nobody knows whether it was a cancel",
      returned.build,
      null,
      unlocked,
      /nothing says that a cancel had dropped customer\/-80/,
    ],
    [
      "a tablet of it is silent",
      silent,
      "restore",
      same,
      /zone1-0000000202 .* nobody knows whether its engine has the rows/,
    ],
    [
      "a tablet of it did not say which streams it has",
      returned.build,
      "restore",
      unheard,
      /zone1-0000000201 did not say which streams it has/,
    ],
    [
      "every MySQL of it is read-only",
      returned.build,
      "restore",
      readOnly,
      /every MySQL of customer\/-80 is read-only/,
    ],
  ] as const)("%s", async (_, build, orphans, change, reason) => {
    const plan = await retire(build(), { orphans }, NEVER, change);
    expect(kinds(plan)).toEqual([]);
    expect(reasons(plan)).toMatch(reason);
  });

  test("unless the operator says so, whoever dropped it", async () => {
    const plan = await retire(returned.build(), { orphans: "restore" }, NEVER, unlocked);
    expect(kinds(plan)).toContain("row.clear");
  });
});

describe("streams of a kind whose end takes more than their rows", () => {
  test.each([
    ["an Online DDL", { workflow_type: 5 }, /OnlineDDL/],
    ["a lookup vindex", { workflow_type: 2 }, /CreateLookupIndex/],
    ["a partial MoveTables", { workflow_type: 1, workflow_sub_type: 1 }, /a partial MoveTables/],
    [
      "a multi-tenant MoveTables",
      { workflow_type: 1, options: '{"tenant_id":"7"}' },
      /a multi-tenant MoveTables/,
    ],
  ] as const)("%s is left alone", async (_, columns, reason) => {
    const change = (facts: Facts): Facts => ({
      ...facts,
      vreplication: facts.vreplication.map((row) => ({ ...row, ...columns })),
    });
    for (const [cluster, finding, orphans] of [
      [returned.build(), NEVER, "retire"],
      [returned.build(), NEVER, "restore"],
      [orphaned.build(), "shard-missing-live-tablets@customer/-80", "retire"],
    ] as const) {
      const plan = await retire(cluster, { orphans }, finding, change);
      expect(kinds(plan)).toEqual([]);
      expect(reasons(plan)).toMatch(reason);
    }
  });
});

/** Another stream on a tablet, younger than everything. */
function withStream(facts: Facts, alias: string, columns: Partial<Facts["vreplication"][number]>): Facts {
  const [row] = facts.vreplication;
  const address = facts.live_tablet.find((live) => live.alias === alias)?.address;
  if (row === undefined || address === undefined)
    throw new Error("the scene has no stream, or no such tablet");
  const stream = { ...row, address, id: 9, workflow: "c3", created_at: 9_000_000_000, ...columns };
  return { ...facts, vreplication: [...facts.vreplication, stream] };
}

function serving(): SimCluster {
  const cluster = returned.build();
  const at = cluster.topology.shard("customer", "-80");
  const record = at.get();
  if (record !== null) at.put({ ...record, isPrimaryServing: true });
  return cluster;
}

function routed(): SimCluster {
  const cluster = returned.build();
  const at = cluster.topology.srvKeyspace("zone1", "customer");
  const record = clone(SrvKeyspaceSchema, at.get() ?? create(SrvKeyspaceSchema));
  const keyRange = create(KeyRangeSchema, { end: Buffer.from("80", "hex") });
  for (const { servedType, shardReferences } of record.partitions)
    if (servedType === 2) shardReferences.push(create(ShardReferenceSchema, { name: "-80", keyRange }));
  at.put(record);
  return cluster;
}

function silent(): SimCluster {
  const cluster = returned.build();
  const record = cluster.topology.tablet({ cell: "zone1", uid: 200 }).get();
  const alias = create(TabletAliasSchema, { cell: "zone1", uid: 202 });
  cluster.topology
    .tablet(alias)
    .put({ ...clone(TabletSchema, record ?? create(TabletSchema)), alias, hostname: "10.9.9.9" });
  cluster.faults.hang("10.9.9.9:16200");
  return cluster;
}

function strayed(): SimCluster {
  const cluster = returned.build();
  const at = cluster.topology.tablet({ cell: "zone1", uid: 200 });
  const record = at.get();
  if (record !== null) at.put({ ...record, hostname: "10.9.9.9" });
  return cluster;
}
