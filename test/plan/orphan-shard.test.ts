import { create, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { RefusedError, UsageError } from "../../src/cluster/errors.js";
import { parseCommand } from "../../src/plan/dropped/retirement.js";
import type { Plan } from "../../src/plan/plan.js";
import type { StepKind, StepOf } from "../../src/plan/steps/index.js";
import { touchedTablets } from "../../src/plan/write-set.js";
import {
  ShardReferenceSchema,
  ShardSchema,
  SrvKeyspace_KeyspacePartitionSchema,
  SrvKeyspaceSchema,
  TabletSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import type { Facts } from "../../src/snapshot/facts.js";
import {
  decodeShard,
  decodeTablet,
  encodeShard,
  encodeSrvKeyspace,
  encodeTablet,
} from "../../src/topology/records.js";
import { addKey, addStream, dead, live, silentOn, withoutKey, withSilentCell } from "./change.js";
import { findingsOf, fixOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

const SERVER = "127.0.0.1:2379";
const cancelled = (): Facts => recorded("v19-cancelled");

const steps = <K extends StepKind>(plan: Plan, kind: K): readonly StepOf<K>[] =>
  plan.stages.flatMap((stage) => stage.steps).filter((step): step is StepOf<K> => step.kind === kind);

const value = (step: { readonly value: string }): Uint8Array => Buffer.from(step.value, "base64");

const reasons = (plan: Plan): string => plan.blocked.map((one) => one.reason).join("\n");

const restoredShards = (plan: Plan): readonly string[] =>
  steps(plan, "shard.restore").map((step) => step.shard);

describe("what a cancel dropped", () => {
  test("the bytes of unchanged processes come back exactly", () => {
    const facts = cancelled();
    const plan = fixOf(facts);
    const lastBytes = (key: string): Uint8Array | undefined =>
      facts.topo_history.find((row) => row.key === key)?.value;
    for (const step of [...steps(plan, "tablet.restore"), ...steps(plan, "shard.restore")])
      expect(Buffer.from(lastBytes(step.key) ?? []).equals(value(step)), step.key).toBe(true);
    expect(restoredShards(plan)).toEqual(["-80", "80-"]);
  });

  test("streams are stopped and proven everywhere before the first one is deleted, and gone before a record comes back", () => {
    const order = kinds(fixOf(cancelled()));
    expect(order.lastIndexOf("stream.stop")).toBeLessThan(order.indexOf("stream.verify-stopped"));
    expect(order.lastIndexOf("stream.verify-stopped")).toBeLessThan(order.indexOf("stream.delete"));
    expect(order.lastIndexOf("stream.delete")).toBeLessThan(order.indexOf("stream.verify-gone"));
    expect(order.lastIndexOf("stream.verify-gone")).toBeLessThan(order.indexOf("tablet.restore"));
    expect(order.lastIndexOf("tablet.restore")).toBeLessThan(order.indexOf("shard.restore"));
  });

  test("nothing is held while waiting for the primary", () => {
    const waiting = fixOf(cancelled()).stages.filter((stage) =>
      stage.steps.some((step) => step.kind === "shard.await-primary"),
    );
    expect(waiting.map((stage) => stage.locks)).toEqual([[]]);
  });

  test("a dead tablet: nothing of its shard is touched, and the other shard comes back", () => {
    const plan = fixOf(dead(cancelled(), "zone1-0000000201"));
    expect(restoredShards(plan)).toEqual(["80-"]);
    expect(steps(plan, "tablet.restore").map((step) => step.tablet.alias)).toEqual(["zone1-0000000300"]);
    expect(JSON.stringify(plan.stages)).not.toContain("zone1-0000000200");
    expect(reasons(plan)).toMatch(
      /customer\/-80 is not restored: tablet zone1-0000000201 of customer\/-80 does not answer.*revives the stream/,
    );
    expect(plan.repairs).not.toContain("shard-missing-live-tablets@customer/-80");
  });

  test("a dead primary: there is nobody to stop the stream through", () => {
    const plan = fixOf(dead(cancelled(), "zone1-0000000200"));
    expect(restoredShards(plan)).toEqual(["80-"]);
    expect(steps(plan, "stream.stop").map((step) => step.tablet.alias)).toEqual(["zone1-0000000300"]);
    expect(reasons(plan)).toMatch(/no process of customer\/-80 is PRIMARY/);
  });

  test("reparented since the last write: the records say what the processes are, and the shard names nobody", () => {
    const demoted = live(cancelled(), "zone1-0000000200", { type: "REPLICA", term_start: 0, read_only: 1 });
    const plan = fixOf(
      live(demoted, "zone1-0000000201", { type: "PRIMARY", term_start: 1_795_599_999, read_only: 0 }),
    );
    const records = steps(plan, "tablet.restore").map((step) => {
      const record = decodeTablet(value(step));
      if (record.kind === "unanswered") throw new Error(record.message);
      const { type, primaryTermStartTime, mysqlPort } = record.value;
      return [step.tablet.alias, TabletType[type], primaryTermStartTime?.seconds, mysqlPort > 0];
    });
    expect(records.slice(0, 2)).toEqual([
      ["zone1-0000000200", "REPLICA", undefined, true],
      ["zone1-0000000201", "PRIMARY", 1_795_599_999n, true],
    ]);
    const shard = decodeShard(value(steps(plan, "shard.restore")[0] ?? { value: "" }));
    expect(shard.kind === "answered" && shard.value.primaryAlias).toBeUndefined();
    expect(steps(plan, "shard.await-primary")[0]?.alias).toBe("zone1-0000000201");
  });

  test("never serving, whatever its last bytes said", () => {
    const facts = cancelled();
    const serving = {
      ...facts,
      topo_history: facts.topo_history.map((row) => {
        const shard = row.key.endsWith("/Shard") ? decodeShard(row.value) : null;
        return shard?.kind === "answered"
          ? { ...row, value: encodeShard({ ...shard.value, isPrimaryServing: true }) }
          : row;
      }),
    };
    for (const step of steps(fixOf(serving), "shard.restore")) {
      const shard = decodeShard(value(step));
      expect(shard.kind === "answered" && shard.value.isPrimaryServing).toBe(false);
    }
  });

  test("a reference table's stream on the orphan goes too; a healthy workflow elsewhere is not touched", () => {
    const reference = {
      id: 7,
      workflow: "ref",
      source: 'keyspace:"other" shard:"0" filter:{rules:{match:"country" filter:"select * from country"}}',
    };
    const plan = fixOf(
      addStream(addStream(cancelled(), "zone1-0000000200", reference), "zone1-0000000100", reference),
    );
    expect(steps(plan, "stream.delete").map((step) => `${step.workflow} ${step.tablet.alias}`)).toEqual([
      "c2 zone1-0000000200",
      "ref zone1-0000000200",
      "c2 zone1-0000000300",
    ]);
    expect(plan.stages[0]?.locks).toContainEqual({ kind: "workflow", keyspace: "customer", workflow: "ref" });
  });

  test("a stream that is not of the cancel stays, and the plan says so", () => {
    const materialize = {
      id: 7,
      workflow: "sums",
      workflow_type: 0,
      source: 'keyspace:"other" shard:"0" filter:{rules:{match:"sums" filter:"select * from sums"}}',
    };
    const plan = fixOf(addStream(cancelled(), "zone1-0000000200", materialize));
    expect(restoredShards(plan)).toEqual(["-80", "80-"]);
    expect(steps(plan, "stream.stop").map((step) => step.workflow)).toEqual(["c2", "c2"]);
    expect(steps(plan, "stream.delete").map((step) => step.workflow)).toEqual(["c2", "c2"]);
    expect(plan.notes.join()).toMatch(/the streams of sums on zone1-0000000200 stay as they are/);
  });

  test("reverse streams of the lost workflow go from the source", () => {
    const reverse = {
      id: 3,
      workflow: "c2_reverse",
      state: "Stopped",
      source: 'keyspace:"customer" shard:"-80" filter:{rules:{match:"/.*" filter:""}}',
    };
    const plan = fixOf(addStream(cancelled(), "zone1-0000000100", reverse));
    expect(steps(plan, "stream.delete").map((step) => `${step.workflow} ${step.tablet.alias}`)).toContain(
      "c2_reverse zone1-0000000100",
    );
    expect(steps(plan, "stream.stop").find((step) => step.workflow === "c2_reverse")?.orphan).toBeUndefined();
  });
});

describe("what forbids to restore", () => {
  const KEYSPACE = "/vitess/global/keyspaces/customer";
  const facts = cancelled();
  const shardRecord = (start: string, end: string): Uint8Array =>
    encodeShard(
      create(ShardSchema, { keyRange: { start: Buffer.from(start, "hex"), end: Buffer.from(end, "hex") } }),
    );
  const routed = encodeSrvKeyspace(
    create(SrvKeyspaceSchema, {
      partitions: [
        create(SrvKeyspace_KeyspacePartitionSchema, {
          servedType: TabletType.REPLICA,
          shardReferences: [
            create(ShardReferenceSchema, {
              name: "-80",
              keyRange: { start: new Uint8Array(), end: Buffer.from("80", "hex") },
            }),
          ],
        }),
      ],
    }),
  );

  test.each<[string, Facts, RegExp]>([
    [
      "a younger shard has the range",
      addKey(facts, `${KEYSPACE}/shards/-40/Shard`, shardRecord("", "40"), 99),
      /customer\/-40 overlaps customer\/-80 and is younger/,
    ],
    [
      "the keyspace is gone",
      withoutKey(facts, `${KEYSPACE}/Keyspace`),
      /the Keyspace record of customer can not be put back/,
    ],
    [
      "nobody else serves the range",
      withoutKey(facts, `${KEYSPACE}/shards/0/Shard`),
      /do not cover the range of customer\/-80/,
    ],
    [
      "queries go there",
      addKey(facts, "/vitess/zone1/keyspaces/customer/SrvKeyspace", routed, 60),
      /REPLICA queries of cell zone1 are routed to customer\/-80 \(.*revision 60\)/,
    ],
    ["a cell did not answer", withSilentCell(facts), /cell zone9 did not answer, so it is not proven/],
    [
      "its primary did not say its streams",
      silentOn(facts, "zone1-0000000200", "streams"),
      /zone1-0000000200 did not say which streams it has/,
    ],
    [
      "its primary listens elsewhere than its record says",
      live(facts, "zone1-0000000200", { command_line_json: '["vttablet","--grpc_port","9"]' }),
      /has gRPC port 16200, the process was started with 9/,
    ],
    [
      "history is compacted to after the lock",
      { ...facts, topo_server: facts.topo_server.map((row) => ({ ...row, horizon: 55 })) },
      /no longer reaches back to the start/,
    ],
  ])("%s", (_, changed, reason) => {
    const plan = fixOf(changed);
    expect(restoredShards(plan)).not.toContain("-80");
    expect(reasons(plan)).toMatch(reason);
  });
});

describe("what is no orphan", () => {
  test("a shard that the topology has keeps its streams, even where a Tablet record is missing", () => {
    const facts = withoutKey(
      recorded("healthy-reshard-running-v24"),
      "/vitess/zone1/tablets/zone1-0000000200/Tablet",
    );
    for (const orphans of [null, "restore", "retire"] as const) {
      const plan = fixOf(facts, { orphans });
      expect(kinds(plan)).toEqual([]);
      expect(plan.blocked.map((one) => one.instead).join()).toMatch(/restart/);
    }
  });

  test("what was started with another etcd is never called, though history knows its address", () => {
    const facts = cancelled();
    const foreign: Facts = {
      ...facts,
      topo_server: facts.topo_server.flatMap((row) => [
        row,
        { ...row, server: "staging:2379", cluster_id: `${row.cluster_id} at staging:2379` },
      ]),
      live_tablet: facts.live_tablet.map((row) => ({ ...row, topo_server: "staging:2379" })),
    };
    for (const orphans of [null, "restore", "retire"] as const)
      expect(fixOf(foreign, { orphans }).stages).toEqual([]);
  });

  test("a tablet that was registered for another shard since needs no accounting", () => {
    const facts = dead(cancelled(), "zone1-0000000201");
    const record = decodeTablet(
      facts.topo_history.find((row) => row.key.endsWith("0201/Tablet"))?.value ?? new Uint8Array(),
    );
    if (record.kind === "unanswered") throw new Error(record.message);
    const elsewhere = encodeTablet({ ...record.value, shard: "0" });
    const plan = fixOf(addKey(facts, "/vitess/zone1/tablets/zone1-0000000201/Tablet", elsewhere, 70));
    expect(restoredShards(plan)).toEqual(["-80", "80-"]);
  });
});

describe("what may have been meant", () => {
  const person = (): Facts => recorded("deleted-by-person-v24");

  test("asks, and touches nothing", () => {
    const plan = fixOf(person());
    expect(plan.stages).toEqual([]);
    expect(plan.blocked.map((one) => one.instead).join()).toMatch(/--orphans restore/);
  });

  test("--orphans restore puts the records back, and leaves the streams of the workflow as they are", () => {
    const plan = fixOf(person(), { orphans: "restore" });
    expect(restoredShards(plan)).toEqual(["-80", "80-"]);
    expect(kinds(plan).filter((kind) => kind.startsWith("stream"))).toEqual([]);
    expect(plan.notes.join()).toMatch(/the streams of c2 on zone1-0000000200 stay as they are/);
  });

  test("a shard alone does not come back while its keyspace is gone, though a rule of one's own wants it", () => {
    const gone = withoutKey(person(), "/vitess/global/keyspaces/customer/Keyspace");
    const own = findingsOf(gone)
      .filter(({ rule }) => rule === "stream-on-unlisted-tablet")
      .map((finding) => ({ ...finding, repair: { ...finding.repair, recipe: "orphan-shard" } }));
    const plan = fixOf(gone, { orphans: "restore" }, own);
    expect(kinds(plan)).toEqual([]);
    expect(reasons(plan)).toMatch(/the keyspace customer has no record, so customer\/-80 has nowhere to go/);
  });

  test("--orphans retire stops and deletes the streams, then ends the processes, and watches", () => {
    const plan = fixOf(person(), { orphans: "retire", stopping: { kind: "unsupervised", watchMs: 120_000 } });
    expect([...new Set(kinds(plan))]).toEqual([
      "stream.stop",
      "stream.verify-stopped",
      "stream.delete",
      "stream.verify-gone",
      "tablet.stop",
      "tablet.stay-away",
    ]);
    const stops = plan.stages.flatMap(({ steps }) => steps).filter((step) => step.kind === "tablet.stop");
    expect(stops.map(({ tablet, command }) => [tablet.alias, command])).toEqual([
      ["zone1-0000000201", null],
      ["zone1-0000000200", null],
      ["zone1-0000000300", null],
    ]);
    expect(plan.repairs).toContain("shard-missing-live-tablets@customer/-80");
    expect(plan.blocked).toEqual([]);
  });

  test("--orphans retire with the operator's command", () => {
    const template = parseCommand("systemctl --host {host} stop 'vttablet@{alias}'");
    const plan = fixOf(person(), {
      orphans: "retire",
      stopping: { kind: "command", template, watchMs: 30_000 },
    });
    const steps = plan.stages.flatMap((stage) => stage.steps);
    const [stop] = steps.filter((step) => step.kind === "tablet.stop");
    expect(stop?.command).toEqual(["systemctl", "--host", "127.0.0.1", "stop", "vttablet@zone1-0000000201"]);
    expect(steps.flatMap((step) => (step.kind === "tablet.stay-away" ? step.watchMs : []))).toEqual([30_000]);
  });

  test("--orphans retire without a way to end the processes does nothing, and names both", () => {
    const plan = fixOf(person(), { orphans: "retire" });
    expect(kinds(plan)).toEqual([]);
    const instead = plan.blocked.map((one) => one.instead).join();
    expect(instead).toContain("hooks.stopTablet");
    expect(instead).toContain("--unsupervised");
  });

  test.each([
    [
      "a cell did not say whether it routes there",
      withSilentCell(person()),
      /cell zone9 did not answer, so it is not proven that nothing is routed/,
    ],
    [
      "its primary did not say its streams",
      silentOn(person(), "zone1-0000000200", "streams"),
      /zone1-0000000200 did not say which streams it has/,
    ],
    [
      "a tablet's record can not be decoded",
      addKey(person(), "/vitess/zone1/tablets/zone1-0000000201/Tablet", Buffer.from([0xff]), 99),
      /the record of zone1-0000000201 can not be read/,
    ],
  ])("--orphans retire leaves a shard alone of which %s", (_, facts, reason) => {
    const stopping = { kind: "unsupervised", watchMs: 120_000 } as const;
    const plan = fixOf(facts, { orphans: "retire", stopping });
    expect(touchedTablets(plan).filter((alias) => alias.startsWith("zone1-00000002"))).toEqual([]);
    expect(reasons(plan)).toMatch(reason);
  });

  test("--orphans retire leaves a shard alone that queries are routed to, or that holds the only copy", () => {
    const facts = person();
    const alone: Facts = {
      ...facts,
      topo_key: facts.topo_key.filter(({ key }) => !key.endsWith("/shards/0/Shard")),
    };
    const plan = fixOf(alone, { orphans: "retire", stopping: { kind: "unsupervised", watchMs: 120_000 } });
    expect(kinds(plan)).toEqual([]);
    expect(reasons(plan)).toMatch(/may hold the only copy/);
  });

  test("a cancel under locks that nobody could read asks as well", () => {
    const facts = cancelled();
    const unread: Facts = {
      ...facts,
      topo_history: facts.topo_history.map((row) => ({ ...row, locks_known: 0 })),
      topo_history_lock: [],
    };
    const plan = fixOf(unread);
    expect(kinds(plan)).toEqual([]);
    expect(reasons(plan)).toMatch(
      /customer\/-80 was deleted at revision \d+, and nobody can tell under which lock/,
    );
    expect(restoredShards(fixOf(unread, { orphans: "restore" }))).toEqual(["-80", "80-"]);
  });

  test("--orphans leave", () => {
    const plan = fixOf(person(), { orphans: "leave" });
    expect([plan.stages, plan.blocked]).toEqual([[], []]);
  });

  test("compacted history asks; when told to restore it builds the records from the processes' own words", () => {
    const facts = person();
    const forgotten: Facts = {
      ...facts,
      topo_history: [],
      topo_history_lock: [],
      witness: facts.witness.map((row) => ({
        ...row,
        source: "inventory",
        mysql_host: "nat.example",
        mysql_port: 0,
      })),
      live_tablet: facts.live_tablet.map((row) => ({ ...row, mysql_port: 27200 })),
    };
    expect(fixOf(forgotten).stages).toEqual([]);
    const plan = fixOf(forgotten, { orphans: "restore" });
    const [tablet] = steps(plan, "tablet.restore");
    expect(tablet?.origin).toMatch(/^reconstructed/);
    const lost = facts.topo_history.find(({ key }) => key === tablet?.key)?.value ?? new Uint8Array();
    const [record, before] = [decodeTablet(value(tablet ?? { value: "" })), decodeTablet(lost)];
    if (record.kind === "unanswered" || before.kind === "unanswered") throw new Error("no record");
    const known = ({ value }: typeof before) =>
      toJson(TabletSchema, {
        ...value,
        tags: {},
        tabletStartTime: undefined,
        primaryTermStartTime: undefined,
      });
    expect(known(record)).toEqual(known(before));
    expect(record.value.primaryTermStartTime?.seconds).toBe(before.value.primaryTermStartTime?.seconds);
    expect(plan.notes.join()).toMatch(/history no longer lists/);
  });
});

describe("asking for repairs", () => {
  test("one finding of two repairs one shard", () => {
    const plan = fixOf(cancelled(), { findings: ["shard-missing-live-tablets@customer/80-"] });
    expect(restoredShards(plan)).toEqual(["80-"]);
    expect(steps(plan, "stream.delete").map((step) => step.tablet.alias)).toEqual(["zone1-0000000300"]);
  });

  test("a stream's finding leads to its shard's repair", () => {
    const plan = fixOf(cancelled(), { findings: ["stream-on-unlisted-tablet@customer/80-/c2"] });
    expect(restoredShards(plan)).toEqual(["80-"]);
  });

  test("an unknown finding or keyspace names the nearest", () => {
    const misspelt = { findings: ["shard-missing-live-tablet@customer/80-"] };
    expect(() => fixOf(cancelled(), misspelt)).toThrow(
      /Did you mean "shard-missing-live-tablets@customer\/80-"/,
    );
    expect(() => fixOf(cancelled(), { keyspaces: ["custumer"] })).toThrow(UsageError);
  });

  test("a topology that looks restored from a backup is not repaired without a typed confirmation", () => {
    const facts = cancelled();
    const seen = { name: "earlier_revisions_json", value: JSON.stringify({ [SERVER]: 1_000_000 }) };
    const back = { ...facts, meta: [...facts.meta, seen] };
    expect(() => fixOf(back)).toThrow(RefusedError);
    expect(restoredShards(fixOf(back, { restoredTopologyConfirmed: true }))).toEqual(["-80", "80-"]);
  });
});
