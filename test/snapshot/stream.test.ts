import { describe, expect, test } from "vitest";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import type { LiveTabletRow, VreplicationRow } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aLiveTablet, aProbe, aStream, aTopology, NOW } from "./make-facts.js";

const SOURCE = 'keyspace:"customer" shard:"0" filter:{rules:{match:"/.*" filter:"-80"}}';

const tablet = (uid: number, rest: Partial<LiveTabletRow> = {}): LiveTabletRow =>
  aLiveTablet({
    address: `h:${uid}`,
    alias: `zone1-0000000${uid}`,
    shard: "-80",
    server_uuid: `uuid-${uid}`,
    ...rest,
  });
const replica = (uid: number, rest: Partial<LiveTabletRow> = {}): LiveTabletRow =>
  tablet(uid, { type: "REPLICA", read_only: 1, source_host: "h", term_start: 0, ...rest });
const row = (uid: number, rest: Partial<VreplicationRow> = {}): VreplicationRow =>
  aStream({ address: `h:${uid}`, id: 1, source: SOURCE, workflow_type: 4, ...rest });
const read = (...uids: number[]) => uids.map((uid) => aProbe(`h:${uid}`, "streams"));

const streams = (parts: Partial<Facts>, columns = "alias, id, copies") => {
  const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), ...parts });
  const rows = snapshot.all(`SELECT ${columns} FROM stream ORDER BY alias, id`);
  snapshot.close();
  return rows;
};

describe("to whom a stream belongs", () => {
  test("to the PRIMARY, and its replicas show copies", () => {
    expect(
      streams({
        live_tablet: [replica(201), tablet(200), replica(202)],
        probe: read(200, 201, 202),
        vreplication: [row(200), row(201), row(202)],
      }),
    ).toEqual([{ alias: "zone1-0000000200", id: 1, copies: 2 }]);
  });

  test("two PRIMARYs that do not replicate have two streams", () => {
    expect(
      streams({
        live_tablet: [tablet(200), tablet(201)],
        probe: read(200, 201),
        vreplication: [row(200), row(201)],
      }),
    ).toMatchObject([{ alias: "zone1-0000000200" }, { alias: "zone1-0000000201" }]);
  });

  test("a demoted PRIMARY that replicates already shows a copy of the newer term's", () => {
    const old = tablet(200, { source_host: "h", term_start: NOW - 9000 });
    expect(
      streams({ live_tablet: [old, tablet(201)], probe: read(200, 201), vreplication: [row(200), row(201)] }),
    ).toEqual([{ alias: "zone1-0000000201", id: 1, copies: 1 }]);
  });

  test("to the writable one where no PRIMARY is alive", () => {
    const writable = replica(202, { read_only: 0, source_host: "" });
    expect(
      streams({
        live_tablet: [replica(201), writable],
        probe: read(201, 202),
        vreplication: [row(201), row(202)],
      }),
    ).toEqual([{ alias: "zone1-0000000202", id: 1, copies: 1 }]);
  });

  test("a row that the PRIMARY has deleted and a replica not yet is none", () => {
    expect(
      streams({ live_tablet: [tablet(200), replica(201)], probe: read(200, 201), vreplication: [row(201)] }),
    ).toEqual([]);
  });

  test("a replica stands in for a PRIMARY whose rows could not be read", () => {
    const unread = aProbe("h:200", "streams", { answered: 0, reason: "timeout" });
    expect(
      streams({
        live_tablet: [tablet(200), replica(201)],
        probe: [unread, ...read(201)],
        vreplication: [row(201)],
      }),
    ).toEqual([{ alias: "zone1-0000000201", id: 1, copies: 0 }]);
  });

  test("another cluster's process has none", () => {
    expect(
      streams({
        live_tablet: [tablet(200, { topo_root: "/other" })],
        probe: read(200),
        vreplication: [row(200)],
      }),
    ).toEqual([]);
  });
});

describe("what a stream is", () => {
  const one = (rest: Partial<VreplicationRow>, parts: Partial<Facts>, columns: string) =>
    streams(
      { live_tablet: [tablet(200)], probe: read(200), vreplication: [row(200, rest)], ...parts },
      columns,
    )[0];

  test("MySQL fills in what the tablet did not tell, and does not count twice", () => {
    const rows = [
      row(200, { state: "Running" }),
      row(200, { channel: "mysql", state: "Stopped" }),
      row(200, { channel: "mysql", id: 2 }),
    ];
    expect(streams({ live_tablet: [tablet(200)], vreplication: rows }, "id, state")).toEqual([
      { id: 1, state: "Running" },
      { id: 2, state: "Running" },
    ]);
  });

  test.each([
    ["Running", "", 1, 0],
    ["Copying", "", 1, 0],
    ["Stopped", "FROZEN", 0, 1],
    ["Running", "FROZEN", 1, 0],
    ["Stopped", "stopped for cutover", 0, 0],
    ["Error", "terminal error", 0, 0],
  ])("%s with message '%s'", (state, message, active, frozen) => {
    expect(one({ state, message }, {}, "active, frozen")).toEqual({ active, frozen });
  });

  test("age is counted where it was observed, and never below zero", () => {
    expect(one({ observed_at: NOW, time_updated: NOW - 42 }, {}, "age_s")).toEqual({ age_s: 42 });
    expect(one({ observed_at: NOW, time_updated: NOW + 5 }, {}, "age_s")).toEqual({ age_s: 0 });
    expect(one({ time_updated: null }, {}, "age_s")).toEqual({ age_s: null });
  });

  test("it copies while copy_state has rows, or before its first position", () => {
    const copyState = [{ address: "h:200", vrepl_id: 1, table_name: "t" }];
    expect(one({}, { copy_state: copyState }, "copying")).toEqual({ copying: 1 });
    expect(one({ pos: "" }, {}, "copying")).toEqual({ copying: 1 });
    expect(one({ pos: "", state: "Stopped" }, {}, "copying")).toEqual({ copying: 0 });
    expect(one({}, {}, "copying")).toEqual({ copying: 0 });
  });

  test("the engine's state is that of the same workflow", () => {
    const engine = (workflow: string) => ({
      engine_stream: [
        {
          address: "h:200",
          id: 1,
          workflow,
          state: "Running",
          source: null,
          source_tablet: null,
          last_message: null,
          heartbeat: null,
          rowless_ms: null,
        },
      ],
    });
    expect(one({}, engine("c2"), "engine_state")).toEqual({ engine_state: "Running" });
    expect(one({}, engine("other"), "engine_state")).toEqual({ engine_state: null });
  });

  test.each([
    [{ workflow_type: 4 }, "Reshard"],
    [{ workflow_type: 0 }, "Materialize"],
    [{ workflow_type: null }, "Materialize"],
    [{ workflow_type: 5 }, "OnlineDDL"],
    [{ workflow_type: 0, workflow: "7b0e0c1a_e85b_11f1_bd23_e9a686a9bebc" }, "OnlineDDL"],
    [{ workflow_type: 3, source: 'keyspace:"k" shard:"0" external_cluster:"ext"' }, "Migrate"],
  ])("%j is %s", (rest, kind) => {
    expect(one(rest, {}, "kind")).toEqual({ kind });
  });

  test("a source that nobody can read is listed, and the stream stays", () => {
    const parts = { live_tablet: [tablet(200)], vreplication: [row(200, { source: "keyspace" })] };
    const snapshot = Snapshot.of({ ...emptyFacts(), ...aTopology(), ...parts });
    expect(snapshot.all("SELECT id, message FROM unparsable_source")).toEqual([
      { id: 1, message: "expected ':' at character 8, found the end" },
    ]);
    expect(snapshot.all("SELECT source_keyspace, source FROM stream")).toEqual([
      { source_keyspace: "", source: "keyspace" },
    ]);
    snapshot.close();
  });
});
