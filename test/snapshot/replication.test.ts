import { expect, test } from "vitest";
import { KeyspaceSchema, ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import type { Facts } from "../../src/snapshot/facts.js";
import type { ErrantGtidRow, LiveTabletRow } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";
import { encoded } from "./make-facts.js";

const healthy = factsOfRecording("healthy-reshard-running-v24");
const [PRIMARY, REPLICA, OTHER] = [
  "4ed90ea1-e856-11f1-8761-02fc00000001",
  "4f5e0a60-e856-11f1-9f4e-02fc00000001",
  "50583838-e856-11f1-825a-02fc00000001",
];

const seen = <T>(facts: Facts, sql: string): readonly T[] => {
  const snapshot = Snapshot.of(facts);
  const rows = snapshot.all<T>(sql);
  snapshot.close();
  return rows;
};

const errant = (changes: Readonly<Record<string, Partial<LiveTabletRow>>>): readonly ErrantGtidRow[] =>
  seen(
    {
      ...healthy,
      live_tablet: healthy.live_tablet.map((row) => ({ ...row, ...changes[row.alias?.slice(-3) ?? ""] })),
    },
    "SELECT alias, gtids, own FROM errant_gtid",
  );

test.each([
  ["all that the primary has", { position: `${PRIMARY}:1-73` }, []],
  ["less", { position: `MySQL56/${PRIMARY}:1-5` }, []],
  ["more of the primary's own, which was asked a moment before", { position: `${PRIMARY}:1-99` }, []],
  ["a tagged one of the primary's own", { position: `${PRIMARY}:1-73:backup:1` }, []],
  ["nothing that can be read", { position: "FilePos/bin.000001:4" }, []],
  [
    "its own, since it was written to",
    { server_uuid: REPLICA, position: `${PRIMARY}:1-73,${REPLICA}:1-2:4` },
    [{ alias: "zone1-0000000201", gtids: `${REPLICA}:1-2:4`, own: 1 }],
  ],
  [
    "those of a server that was the primary once",
    { position: `${PRIMARY}:1-73,${OTHER}:5` },
    [{ alias: "zone1-0000000201", gtids: `${OTHER}:5`, own: 0 }],
  ],
])("a replica with %s", (_, replica, expected) => {
  expect(errant({ "201": replica })).toEqual(expected);
});

test("only what the primary has not counts, in its intervals", () => {
  const primary = { position: `${PRIMARY}:1-73,${OTHER}:1-3:7-8` };
  expect(errant({ "200": primary, "201": { position: `${PRIMARY}:1-73,${OTHER}:1-10` } })).toEqual([
    { alias: "zone1-0000000201", gtids: `${OTHER}:4-6:9-10`, own: 0 },
  ]);
});

test("nothing is said where the primary replicates itself", () => {
  const replica = { position: `${PRIMARY}:1-73,${OTHER}:5` };
  expect(errant({ "200": { source_host: "db.example.com" }, "201": replica })).toEqual([]);
});

test("who replicates as somebody else set it up says so on its command line", () => {
  const started = (flag: string) =>
    seen(
      {
        ...healthy,
        live_tablet: healthy.live_tablet.map((row) =>
          row.alias === "zone1-0000000201"
            ? { ...row, command_line_json: JSON.stringify(["vttablet", flag]) }
            : row,
        ),
      },
      "SELECT alias FROM external_replication JOIN live_tablet USING (address)",
    );
  const found = [{ alias: "zone1-0000000201" }];
  expect(started("--unmanaged")).toEqual(found);
  expect(started("--disable_active_reparents")).toEqual(found);
  expect(started("--disable-active-reparents=true")).toEqual(found);
  expect(started("--unmanaged=false")).toEqual([]);
  expect(started("--init-keyspace")).toEqual([]);
});

test("where VTOrc may make no emergency reparent, the records say", () => {
  const vtorcState = { disableEmergencyReparent: true };
  const facts = {
    ...healthy,
    topo_key: healthy.topo_key.map((row) => {
      if (row.key.endsWith("/customer/Keyspace"))
        return { ...row, value: encoded(KeyspaceSchema, { vtorcState }) };
      if (row.key.endsWith("/shards/0/Shard")) return { ...row, value: encoded(ShardSchema, { vtorcState }) };
      return row;
    }),
  };
  expect(seen(facts, "SELECT keyspace, shard FROM emergency_reparent_off")).toEqual([
    { keyspace: "customer", shard: "" },
    { keyspace: "customer", shard: "0" },
  ]);
});
