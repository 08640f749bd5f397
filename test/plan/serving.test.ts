import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import { CellInfoSchema, type SrvKeyspace, TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { Facts } from "../../src/snapshot/facts.js";
import {
  decodeShard,
  decodeSrvKeyspace,
  encodeCellInfo,
  encodeShard,
  encodeSrvKeyspace,
} from "../../src/topology/records.js";
import { planText } from "./plan-text.js";
import { fixOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

const golden = (name: string): string =>
  new URL(`../../fixtures/golden/plan/${name}.txt`, import.meta.url).pathname;

const GRAPH = "/vitess/zone1/keyspaces/customer/SrvKeyspace";
const SECOND = "/vitess/zone2/keyspaces/customer/SrvKeyspace";
/** Field 1000, text: of a Vitess that is not written yet. */
const FUTURE = Buffer.from([0xc2, 0x3e, 2, 0x68, 0x69]);
/** Field 9 of a Keyspace, throttler_config: enabled, threshold absent. */
const THROTTLER = Buffer.from([0x4a, 2, 0x08, 1]);

const valueAt = (facts: Facts, key: string): Uint8Array => {
  const row = facts.topo_key.find((one) => one.key === key);
  if (row === undefined) throw new Error(`no ${key}`);
  return row.value;
};

/** With another value of a key; null: without it. */
const withKey = (facts: Facts, key: string, value: Uint8Array | null): Facts => {
  const server = facts.topo_root[0]?.server ?? "";
  const others = facts.topo_key.filter((row) => row.key !== key);
  const row = { server, key, create_revision: 90, mod_revision: 99, version: 1, lease: "0" };
  return {
    ...facts,
    topo_key: value === null ? others : [...others, { ...row, value: Uint8Array.from(value) }],
  };
};

/** A second cell in the same etcd, where the keyspace has this record. */
const withSecondCell = (facts: Facts, graph: Uint8Array | null): Facts => {
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
  return graph === null ? added : withKey(added, SECOND, graph);
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
    .find(
      (one) => (one.kind === "srvkeyspace.update" || one.kind === "srvkeyspace.rebuild") && one.cell === cell,
    );
  if (step === undefined || !("value" in step)) throw new Error(`nothing is written in ${cell}`);
  const bytes = Buffer.from(step.value, "base64");
  const record = graphOf(bytes);
  return {
    bytes,
    routes: record.partitions.map(
      (one) => `${TabletType[one.servedType]} ${one.shardReferences.map(({ name }) => name).join()}`,
    ),
    disabled: record.partitions.flatMap((one) =>
      one.shardTabletControls.filter((control) => control.queryServiceDisabled).map(({ name }) => name),
    ),
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

describe("traffic goes back to the shards that writes never left", () => {
  const misrouted = recorded("cancel-after-read-switch-v24");

  test("reads that a cancel left on emptied shards", async () => {
    await expect(planText(fixOf(misrouted))).toMatchFileSnapshot(golden("fix-cancel-after-read-switch"));
  });

  test("writes that a cancel after the journal stopped", async () => {
    const plan = fixOf(recorded("cancelled-after-journal-v24"));
    await expect(planText(plan)).toMatchFileSnapshot(golden("fix-cancelled-after-journal"));
  });

  test("in every cell, and with what nobody knows", () => {
    const graph = Buffer.concat([valueAt(misrouted, GRAPH), FUTURE]);
    const plan = fixOf(withSecondCell(withKey(misrouted, GRAPH, graph), graph));
    for (const cell of ["zone1", "zone2"])
      expect(written(plan, cell)).toMatchObject({ routes: FROM_SOURCE, disabled: [], unknown: [1000] });
  });

  test("reads and writes at once are one change of a cell's record", () => {
    const facts = hoursLater(withoutStreams(recorded("interrupted-cutover-after-journal-v24")));
    const plan = fixOf(facts, {
      findings: ["served-shard-not-fed@customer", "writes-served-by-no-shard@customer/0"],
    });
    expect(kinds(plan).filter((kind) => kind.startsWith("srvkeyspace"))).toEqual(["srvkeyspace.update"]);
    expect(written(plan, "zone1")).toMatchObject({ routes: FROM_SOURCE, disabled: [] });
    expect(kinds(plan)).toEqual(expect.arrayContaining(["tablet.refresh", "journal.delete"]));
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

  test("a cutover that died is explained, and nothing of it is written", () => {
    const plan = fixOf(hoursLater(recorded("interrupted-cutover-after-journal-v24")), {
      findings: ["writes-served-by-no-shard@customer/0"],
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

  test("with the throttler's settings of the keyspace where no cell has a record", () => {
    const keyspace = "/vitess/global/keyspaces/customer/Keyspace";
    const facts = withKey(healthy, keyspace, Buffer.concat([valueAt(healthy, keyspace), THROTTLER]));
    expect(written(fixOf(withKey(facts, GRAPH, null)), "zone1")).toMatchObject({
      routes: FROM_SOURCE,
      unknown: [6],
    });
  });

  test("as the other cell has it, reads that a running workflow switched included", () => {
    const switched = recorded("healthy-reads-switched-v24");
    const graph = Buffer.concat([valueAt(switched, GRAPH), FUTURE]);
    const plan = fixOf(withSecondCell(withKey(switched, GRAPH, graph), null));
    expect(graphOf(written(plan, "zone2").bytes)).toEqual(graphOf(graph));
  });

  test("a route that drifted is set right, and everything else of the record stays", () => {
    const record = graphOf(valueAt(withoutStreams(healthy), GRAPH));
    const drifted = encodeSrvKeyspace({
      ...record,
      partitions: record.partitions.filter(({ servedType }) => servedType !== TabletType.RDONLY),
    });
    const facts = withSecondCell(withoutStreams(healthy), Buffer.concat([drifted, FUTURE]));
    const plan = fixOf(facts);
    expect(written(plan, "zone2")).toMatchObject({ routes: FROM_SOURCE, unknown: [1000] });
    expect(kinds(plan)).toEqual(["srvkeyspace.rebuild"]);
  });

  test("not where a cutover stopped half-way: its controls can not be invented", () => {
    const facts = hoursLater(recorded("interrupted-cutover-before-journal-v24"));
    const plan = fixOf(withKey(facts, GRAPH, null), { findings: ["srvkeyspace-missing@zone1/customer"] });
    expect(plan.stages).toEqual([]);
    expect(plan.blocked).toMatchObject([{ reason: expect.stringContaining("stopped half-way") }]);
  });

  test("not where the records leave a hole", () => {
    const facts = setServing(setServing(withoutStreams(healthy), "0", false), "-80", true);
    const plan = fixOf(withKey(facts, GRAPH, null), { findings: ["srvkeyspace-missing@zone1/customer"] });
    expect(plan.blocked).toMatchObject([{ reason: expect.stringContaining("no shard serves 80-") }]);
  });
});
