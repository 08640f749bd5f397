import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { migrationId } from "../../src/cluster/journal.js";
import type { Plan } from "../../src/plan/plan.js";
import {
  CellInfoSchema,
  KeyRangeSchema,
  type ShardReference,
  ShardReferenceSchema,
  type SrvKeyspace,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import type { Facts } from "../../src/snapshot/facts.js";
import {
  decodeShard,
  decodeSrvKeyspace,
  encodeCellInfo,
  encodeShard,
  encodeSrvKeyspace,
} from "../../src/topology/records.js";
import { addStream, dead, live, place, silentOn } from "./change.js";
import { planText } from "./plan-text.js";
import { findingsOf, fixOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

const golden = (name: string): string =>
  new URL(`../../fixtures/golden/plan/${name}.txt`, import.meta.url).pathname;

const GRAPH = "/vitess/zone1/keyspaces/customer/SrvKeyspace";
const SECOND = "/vitess/zone2/keyspaces/customer/SrvKeyspace";
/** Field 1000, text: of a Vitess that is not written yet. */
const FUTURE = Buffer.from([0xc2, 0x3e, 2, 0x68, 0x69]);
/** Fields 9 and 12 of a Keyspace, throttler_config and query_throttler_config: enabled, everything else absent. */
const THROTTLERS = Buffer.from([0x4a, 2, 0x08, 1, 0x62, 2, 0x08, 1]);

const valueAt = (facts: Facts, key: string): Uint8Array => {
  const row = facts.topo_key.find((one) => one.key === key);
  if (row === undefined) throw new Error(`no ${key}`);
  return row.value;
};

/** With another value of a key; null: without it. */
const withKey = (facts: Facts, key: string, value: Uint8Array | null, revision = 99): Facts => {
  const server = facts.topo_root[0]?.server ?? "";
  const others = facts.topo_key.filter((row) => row.key !== key);
  const row = { server, key, create_revision: 9, mod_revision: revision, version: 1, lease: "0" };
  return {
    ...facts,
    topo_key: value === null ? others : [...others, { ...row, value: Uint8Array.from(value) }],
  };
};

/** A second cell in the same etcd, where the keyspace has this record. */
const withSecondCell = (facts: Facts, graph: Uint8Array | null, revision = 99): Facts => {
  const [root] = facts.topo_root;
  const info = encodeCellInfo(
    create(CellInfoSchema, { serverAddress: root?.server ?? "", root: "/vitess/zone2" }),
  );
  const known = withKey(facts, "/vitess/global/cells/zone2/CellInfo", info);
  const cell = { name: "zone2", server: root?.server ?? "", root: "/vitess/zone2" };
  const srvVSchema = valueAt(facts, "/vitess/zone1/SrvVSchema");
  const added = withKey(
    { ...known, topo_root: [...known.topo_root, cell] },
    "/vitess/zone2/SrvVSchema",
    srvVSchema,
  );
  return graph === null ? added : withKey(added, SECOND, graph, revision);
};

const withoutStreams = (facts: Facts): Facts => ({
  ...facts,
  vreplication: [],
  engine_stream: [],
  copy_state: [],
});

const hoursLater = (facts: Facts): Facts => ({
  ...facts,
  meta: facts.meta.map((row) =>
    row.name === "taken_at_ms" ? { ...row, value: String(Number(row.value) + 6 * 3_600_000) } : row,
  ),
});

const graphOf = (bytes: Uint8Array): SrvKeyspace => {
  const record = decodeSrvKeyspace(bytes);
  if (record.kind === "unanswered") throw new Error(record.message);
  return record.value;
};

/** What the plan writes into a cell: `TYPE shards`, and what is disabled. */
const written = (plan: Plan, cell: string) => {
  const step = plan.stages
    .flatMap((stage) => stage.steps)
    .findLast(
      (one) => one.kind === "record.write" && one.record.kind === "srv-keyspace" && one.record.cell === cell,
    );
  if (step?.kind !== "record.write" || step.after === null) throw new Error(`nothing is written in ${cell}`);
  const bytes = Buffer.from(step.after, "base64");
  const record = graphOf(bytes);
  return {
    bytes,
    routes: record.partitions.map(
      (one) => `${TabletType[one.servedType]} ${one.shardReferences.map(({ name }) => name).join()}`,
    ),
    disabled: record.partitions.flatMap((one) =>
      one.shardTabletControls.filter((control) => control.queryServiceDisabled).map(({ name }) => name),
    ),
    throttler: record.throttlerConfig?.enabled,
    unknown: (record.$unknown ?? []).map(({ no }) => no),
  };
};

const setServing = (facts: Facts, shard: string, isPrimaryServing: boolean): Facts => {
  const key = `/vitess/global/keyspaces/customer/shards/${shard}/Shard`;
  const record = decodeShard(valueAt(facts, key));
  if (record.kind === "unanswered") throw new Error(record.message);
  return withKey(facts, key, encodeShard({ ...record.value, isPrimaryServing }));
};

const FROM_SOURCE = ["PRIMARY 0", "REPLICA 0", "RDONLY 0"];

/** The source of c2 kept the journal of an older switch under the id of c2's next one. */
const collision = (facts: Facts): Facts => {
  const targets = ["-80", "80-"].flatMap((shard) => {
    const at = facts.live_tablet.find((row) => row.shard === shard && row.type === "PRIMARY")?.address;
    return facts.vreplication.flatMap(({ address, id }) => (address === at ? [{ shard, id }] : []));
  });
  const id = migrationId("customer", targets);
  const [server = ""] = facts.vreplication.flatMap(({ pos }) => /[0-9a-f-]{36}/.exec(pos ?? "") ?? []);
  const val = `id:${id} migration_type:SHARDS local_position:"MySQL56/${server}:1-2"`;
  const address = place(facts, "zone1-0000000100");
  return { ...facts, resharding_journal: [{ address, id, db_name: "vt_customer", val }] };
};

describe("traffic goes back to the shards that writes never left", () => {
  const misrouted = recorded("cancel-after-read-switch-v24");

  test("reads that a cancel left on emptied shards", async () => {
    await expect(planText(fixOf(misrouted))).toMatchFileSnapshot(golden("fix-cancel-after-read-switch"));
  });

  test("writes that a cancel after the journal stopped", async () => {
    const plan = fixOf(recorded("cancelled-after-journal-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-cancelled-after-journal"));
  });

  test("not where what takes their writes leaves a hole behind them", () => {
    const record = graphOf(valueAt(misrouted, GRAPH));
    const [lower, upper] = ["-80", "80-"].map((name) =>
      record.partitions.flatMap((one) => one.shardReferences).find((one) => one.name === name),
    );
    if (lower === undefined || upper === undefined) throw new Error("the recording's reads go elsewhere");
    const part = { ...lower, name: "-40", keyRange: create(KeyRangeSchema, { end: Buffer.from([0x40]) }) };
    const partitions = record.partitions.map((one) => ({
      ...one,
      shardReferences: one.servedType === TabletType.PRIMARY ? [lower, upper] : [part],
      shardTabletControls: [],
    }));
    const flags = [
      ["0", false],
      ["-80", true],
      ["80-", true],
    ] as const;
    const facts = flags.reduce(
      (all, [shard, serves]) => setServing(all, shard, serves),
      withKey(misrouted, GRAPH, encodeSrvKeyspace({ ...record, partitions })),
    );
    const found = findingsOf(misrouted).filter(({ rule }) => rule.startsWith("served-shard-"));
    const plan = fixOf(facts, {}, found);
    expect(plan.stages).toEqual([]);
    expect(plan.blocked[0]?.reason).toMatch(
      /the reads of cell zone1 can not be put back: REPLICA: no shard serves 80-/,
    );
  });

  test("in every cell, and with what nobody knows", () => {
    const graph = Buffer.concat([valueAt(misrouted, GRAPH), FUTURE]);
    const plan = fixOf(withSecondCell(withKey(misrouted, GRAPH, graph), graph));
    for (const cell of ["zone1", "zone2"])
      expect(written(plan, cell)).toMatchObject({ routes: FROM_SOURCE, disabled: [], unknown: [1000] });
  });

  describe("reads and writes at once", () => {
    const halted = hoursLater(withoutStreams(recorded("interrupted-cutover-after-journal-v24")));
    const both = { findings: ["served-shard-not-fed@customer", "writes-served-by-no-shard@customer/0"] };

    test("queries are allowed, the tablets told, and then routes change, under one lock", () => {
      const plan = fixOf(live(halted, "zone1-0000000201", { serving: 0 }), both);
      expect(plan.stages).toHaveLength(1);
      expect(kinds(plan)).toEqual([
        "record.write srv-keyspace",
        "tablet.refresh",
        "record.write srv-keyspace",
        "journal.delete",
      ]);
      expect(written(plan, "zone1")).toMatchObject({ routes: FROM_SOURCE, disabled: [] });
    });

    test("where nobody would serve the reads, only the writes come back", () => {
      const plan = fixOf(halted, both);
      expect(kinds(plan)).toEqual(["record.write srv-keyspace", "tablet.refresh", "journal.delete"]);
      expect(written(plan, "zone1").routes).toEqual(["PRIMARY 0", "REPLICA -80,80-", "RDONLY -80,80-"]);
      expect(plan.blocked).toMatchObject([
        {
          finding: "served-shard-not-fed@customer",
          reason: expect.stringContaining("no REPLICA of customer/0 in zone1 answers"),
        },
      ]);
    });
  });

  test.each([
    [
      "names another source",
      'participants:{keyspace:"customer" shard:"-80"}',
      'keyspace:"customer" shard:"80-"',
    ],
    [
      "leads to a shard that serves",
      'participants:{keyspace:"customer" shard:"0"}',
      'keyspace:"customer" shard:"0"',
    ],
    [
      "leads to another keyspace",
      'participants:{keyspace:"customer" shard:"0"}',
      'keyspace:"lookup" shard:"0"',
    ],
    ["leads nowhere", 'participants:{keyspace:"customer" shard:"0"}', null],
  ])("of the journals on the source one that %s stays", (_name, from, to) => {
    const facts = recorded("cancelled-after-journal-v24");
    const deleted = (plan: Plan) =>
      plan.stages.flatMap(({ steps }) =>
        steps.flatMap((step) => (step.kind === "journal.delete" ? [step.journal] : [])),
      );
    const [own] = facts.resharding_journal;
    if (own === undefined) throw new Error("the recording has no journal");
    const gtids =
      to === null ? "" : `shard_gtids:{${to} gtid:"MySQL56/8339d485-e858-11f1-a34d-02fc00000001:1-53"}`;
    const val = `id:7 migration_type:SHARDS tables:"/.*" ${gtids} ${from} source_workflows:"m1"`;
    const plan = fixOf({
      ...facts,
      resharding_journal: [...facts.resharding_journal, { ...own, id: "7", val }],
    });
    expect(deleted(plan)).toEqual(deleted(fixOf(facts)));
    expect(deleted(plan)).toEqual([own.id]);
  });

  test.each([
    [
      "a target serves by its record",
      (facts: Facts) => setServing(facts, "-80", true),
      /writes may have moved/,
    ],
    [
      "the source does not",
      (facts: Facts) => setServing(facts, "0", false),
      /writes may have moved: .*by their records no shard/,
    ],
    [
      "another cell routes writes elsewhere",
      (facts: Facts) =>
        withSecondCell(
          facts,
          encodeSrvKeyspace({
            ...graphOf(valueAt(facts, GRAPH)),
            partitions: graphOf(valueAt(facts, GRAPH)).partitions.map((one) => ({
              ...one,
              servedType: one.servedType === TabletType.PRIMARY ? TabletType.REPLICA : TabletType.PRIMARY,
            })),
          }),
        ),
      /cell zone2 routes them to -80/,
    ],
    [
      "a primary did not say which streams it has",
      (facts: Facts) => ({ ...facts, probe: facts.probe.filter(({ channel }) => channel !== "streams") }),
      /no primary of customer\/-80 said which streams it has/,
    ],
  ])("nothing is written where %s", (_name, change, reason) => {
    const plan = fixOf(change(misrouted), { findings: ["served-shard-without-tables@customer"] });
    expect(plan.stages).toEqual([]);
    expect(plan.blocked.map((one) => one.reason).join()).toMatch(reason);
  });

  test("a workflow that moves shards is not overruled", () => {
    const plan = fixOf(recorded("journal-id-collision-v24"), { findings: ["served-shard-not-fed@customer"] });
    expect(plan.stages).toEqual([]);
    expect(plan.blocked).toMatchObject([{ reason: expect.stringContaining("customer.c2 moves shards") }]);
  });

  test.each([
    ["did not say which journals it has", silentOn],
    ["is none any more", (facts: Facts, alias: string) => live(facts, alias, { type: "REPLICA" })],
  ] as const)("an old journal stays where the primary of a source %s", (_, change) => {
    const collided = collision(recorded("healthy-reshard-running-v24"));
    const wanted = { findings: ["journal-id-collision@customer.c2"] };
    expect(kinds(fixOf(collided, wanted))).toEqual(["journal.delete"]);
    const plan = fixOf(change(collided, "zone1-0000000100", "journals"), wanted, findingsOf(collided));
    expect(plan.stages).toEqual([]);
    expect(plan.blocked).toMatchObject([
      { reason: "the primary of customer/0 did not say which journals it has" },
    ]);
  });

  test("a cutover that died is explained, and nothing of it is written", () => {
    const plan = fixOf(hoursLater(recorded("interrupted-cutover-after-journal-v24")), {
      findings: ["interrupted-write-switch@customer/0"],
    });
    expect(plan.stages).toEqual([]);
    expect(plan.blocked.map(({ instead }) => instead).join()).toMatch(
      /SetShardTabletControl.*switchtraffic --tablet-types primary --max-replication-lag-allowed 24h/,
    );
  });
});

describe("a serving graph is rebuilt", () => {
  const healthy = recorded("healthy-reshard-running-v24");

  test("from nothing", async () => {
    const plan = fixOf(recorded("deleted-serving-graph-and-replica-record-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-deleted-serving-graph"));
  });

  test("with both throttlers' settings of the keyspace where no cell has a record", () => {
    const keyspace = "/vitess/global/keyspaces/customer/Keyspace";
    const facts = withKey(healthy, keyspace, Buffer.concat([valueAt(healthy, keyspace), THROTTLERS]));
    expect(written(fixOf(withKey(facts, GRAPH, null)), "zone1")).toMatchObject({
      routes: FROM_SOURCE,
      throttler: true,
      unknown: [7],
    });
  });

  test("as the other cell has it, reads that a running workflow switched included", () => {
    const switched = recorded("healthy-reads-switched-v24");
    const graph = Buffer.concat([valueAt(switched, GRAPH), FUTURE]);
    const plan = fixOf(withSecondCell(withKey(switched, GRAPH, graph), null));
    expect(graphOf(written(plan, "zone2").bytes)).toEqual(graphOf(graph));
  });

  test.each([
    ["", withoutStreams(healthy)],
    [", while a Reshard runs that did not move it", healthy],
  ])("a route that drifted is set right%s, and everything else of the record stays", (_, cluster) => {
    const record = graphOf(valueAt(cluster, GRAPH));
    const drifted = encodeSrvKeyspace({
      ...record,
      partitions: record.partitions.filter(({ servedType }) => servedType !== TabletType.RDONLY),
    });
    const plan = fixOf(withSecondCell(cluster, Buffer.concat([drifted, FUTURE])));
    expect(written(plan, "zone2")).toMatchObject({ routes: FROM_SOURCE, unknown: [1000] });
    expect(plan.stages.flatMap(({ steps }) => steps.map((one) => [one.kind, one.class]))).toEqual([
      ["record.write", "safe"],
    ]);
  });

  test("not where a cutover stopped half-way: its controls can not be invented", () => {
    const facts = hoursLater(recorded("interrupted-cutover-before-journal-v24"));
    const plan = fixOf(withKey(facts, GRAPH, null), { findings: ["srvkeyspace-missing@zone1/customer"] });
    expect(plan.stages).toEqual([]);
    expect(plan.blocked).toMatchObject([{ reason: expect.stringContaining("stopped half-way") }]);
  });

  test("not where the record can not be decoded, whichever rule names the cell", () => {
    const found = findingsOf(withKey(healthy, GRAPH, null));
    const wanted = { findings: ["srvkeyspace-missing@zone1/customer"] };
    const plan = fixOf(withKey(healthy, GRAPH, Buffer.from([0xff])), wanted, found);
    expect(plan.stages).toEqual([]);
    expect(plan.blocked).toMatchObject([
      {
        reason: `${GRAPH} can not be decoded`,
        instead: expect.stringMatching(
          /keep a copy, delete it .* RebuildKeyspaceGraph --cells zone1 customer/,
        ),
      },
    ]);
  });

  test("not where the records leave a hole", () => {
    const facts = setServing(setServing(withoutStreams(healthy), "0", false), "-80", true);
    const plan = fixOf(withKey(facts, GRAPH, null), { findings: ["srvkeyspace-missing@zone1/customer"] });
    expect(plan.blocked).toMatchObject([{ reason: expect.stringContaining("no shard serves 80-") }]);
  });
});

describe("writes are only routed elsewhere where it is proven that the flags are right", () => {
  const switched = recorded("healthy-after-switch-all-v24");
  const source = create(ShardReferenceSchema, { name: "0" });
  const graph = graphOf(valueAt(switched, GRAPH));
  const routingTo = (references: readonly ShardReference[], types: readonly TabletType[]): Uint8Array =>
    encodeSrvKeyspace({
      ...graph,
      partitions: graph.partitions.map((one) =>
        types.includes(one.servedType) ? { ...one, shardReferences: [...references] } : one,
      ),
    });
  const old = routingTo([source], [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY]);
  /** A cell that the switch of the writes did not reach. */
  const missed = withSecondCell(switched, old, 40);
  const named = (facts: Facts): Plan =>
    fixOf(facts, { findings: ["srvkeyspace-partition-drift@zone2/customer"] });
  const onlyCell = (facts: Facts): Facts => withKey(facts, GRAPH, old, 40);

  test("a cell that a switch did not reach, by consent", () => {
    const plan = named(missed);
    expect(plan.stages.flatMap(({ steps }) => steps.map((one) => [one.kind, one.class]))).toEqual([
      ["record.write", "confirm"],
    ]);
    expect(written(plan, "zone2").routes).toContain("PRIMARY -80,80-");
  });

  test("reads that go elsewhere are a route too", () => {
    const gone = create(ShardReferenceSchema, { name: "gone" });
    const drifted = withSecondCell(switched, routingTo([gone], [TabletType.REPLICA]), 40);
    expect(kinds(named(drifted))).toEqual(["record.write srv-keyspace"]);
  });

  test("the only cell, as its tablets show that it is right", () => {
    const plan = fixOf(onlyCell(switched), { findings: ["srvkeyspace-partition-drift@zone1/customer"] });
    expect(kinds(plan)).toEqual(["record.write srv-keyspace"]);
  });

  const reverse = {
    id: 9,
    workflow: "c3_reverse",
    state: "Running",
    message: "",
    workflow_type: 4,
    source: 'keyspace:"customer" shard:"0" filter:{rules:{match:"/.*" filter:""}}',
  };
  const elsewhere = (facts: Facts): Facts => ({
    ...facts,
    topo_root: facts.topo_root.map((row) => (row.name === "zone2" ? { ...row, server: "other:2379" } : row)),
    topo_key: facts.topo_key.map((row) =>
      row.key.startsWith("/vitess/zone2/") ? { ...row, server: "other:2379" } : row,
    ),
    topo_server: facts.topo_server.flatMap((row) => [
      row,
      { ...row, server: "other:2379", cluster_id: `${row.cluster_id}1` },
    ]),
  });

  test.each<[string, Facts, RegExp]>([
    [
      "the new shards do not have a table",
      {
        ...missed,
        live_table: missed.live_table.filter(
          (row) => !(row.address === place(missed, "zone1-0000000300") && row.table_name === "corder"),
        ),
      },
      /80- has no table corder, and 0, which takes the writes now, has it/,
    ],
    [
      "a stream feeds them",
      addStream(missed, "zone1-0000000200", reverse),
      /stream 9 of c3_reverse on zone1-0000000200 still feeds -80 from 0/,
    ],
    [
      "a switch has left them",
      addStream(missed, "zone1-0000000100", {
        ...reverse,
        state: "Stopped",
        message: "FROZEN",
        source: 'keyspace:"customer" shard:"80-" filter:{rules:{match:"/.*" filter:""}}',
      }),
      /stream 9 of c3_reverse on zone1-0000000100 is FROZEN: writes were switched from 80- to 0/,
    ],
    [
      "a new primary does not serve",
      live(missed, "zone1-0000000300", { serving: 0 }),
      /zone1-0000000300, the primary of 80-, does not serve/,
    ],
    ["a new primary is dead", dead(missed, "zone1-0000000300"), /no primary of 80- answers/],
    [
      "the old primary is dead",
      dead(missed, "zone1-0000000100"),
      /no primary of 0, which takes the writes now, answers/,
    ],
    [
      "a primary did not say its streams",
      silentOn(missed, "zone1-0000000100", "streams"),
      /zone1-0000000100, the primary of 0, did not say which streams it has/,
    ],
    [
      "a primary did not say its tables",
      silentOn(missed, "zone1-0000000100", "schema"),
      /zone1-0000000100, the primary of 0, did not say which tables it has/,
    ],
    [
      "the flags are older than the route",
      withSecondCell(switched, old, 68),
      /shards\/0\/Shard \(revision 67\) is older than .*zone2.*SrvKeyspace \(revision 68\)/,
    ],
    [
      "the only cell is in another etcd, so that nothing tells the ages",
      elsewhere(onlyCell(missed)),
      /can not be told, as they are in different etcds/,
    ],
  ])("not where %s", (_name, facts, fact) => {
    const plan = named(facts);
    expect(plan.stages).toEqual([]);
    expect(plan.blocked.map(({ reason }) => reason).join()).toMatch(fact);
    expect(plan.blocked.map(({ instead }) => instead).join()).toMatch(
      /find out which shards have the newest data/,
    );
  });

  test("a shard of which nothing is left can not be compared: another cell has to say the same", () => {
    const gone = routingTo([create(ShardReferenceSchema, { name: "gone" })], [TabletType.PRIMARY]);
    expect(kinds(named(withSecondCell(switched, gone, 40)))).toEqual(["record.write srv-keyspace"]);
    const alone = fixOf(withKey(switched, GRAPH, gone, 40), {
      findings: ["srvkeyspace-partition-drift@zone1/customer"],
    });
    expect(alone.stages).toEqual([]);
    expect(alone.blocked).toMatchObject([
      {
        reason: expect.stringContaining(
          "gone, which takes the writes now, has neither a record nor a tablet",
        ),
      },
    ]);
  });

  test("nor into a cell without a record, against what the other cells say", () => {
    const plan = fixOf(withSecondCell(live(onlyCell(switched), "zone1-0000000300", { serving: 0 }), null), {
      findings: ["srvkeyspace-missing@zone2/customer"],
    });
    expect(plan.stages).toEqual([]);
    expect(plan.blocked).toMatchObject([{ reason: expect.stringContaining("does not serve") }]);
  });
});
