import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CellInfoSchema,
  KeyspaceSchema,
  KeyspaceType,
  ShardSchema,
  SrvKeyspaceSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import { cover } from "../../src/snapshot/derive/range-fault.js";
import { emptyFacts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { aTopoKey, aTopology, encoded } from "./make-facts.js";

const G = "/vitess/global/keyspaces/customer";

interface State {
  readonly serving: readonly string[];
  readonly resting?: readonly string[];
  readonly partition?: readonly string[];
  readonly type?: KeyspaceType;
}

const state = ({ serving, resting = [], partition, type = KeyspaceType.NORMAL }: State): Snapshot =>
  Snapshot.of({
    ...emptyFacts(),
    ...aTopology(),
    topo_key: [
      aTopoKey("/vitess/global/cells/zone1/CellInfo", encoded(CellInfoSchema, {})),
      aTopoKey(`${G}/Keyspace`, encoded(KeyspaceSchema, { keyspaceType: type })),
      ...serving.map((shard) =>
        aTopoKey(`${G}/shards/${shard}/Shard`, encoded(ShardSchema, { isPrimaryServing: true })),
      ),
      ...resting.map((shard) => aTopoKey(`${G}/shards/${shard}/Shard`, encoded(ShardSchema, {}))),
      ...(partition === undefined
        ? []
        : [
            aTopoKey(
              "/vitess/zone1/keyspaces/customer/SrvKeyspace",
              encoded(SrvKeyspaceSchema, {
                partitions: [
                  { servedType: TabletType.PRIMARY, shardReferences: partition.map((name) => ({ name })) },
                  { servedType: TabletType.REPLICA, shardReferences: [] },
                ],
              }),
            ),
          ]),
    ],
  });

const faults = (given: State): readonly string[] => {
  const snapshot = state(given);
  const rows = snapshot.all<{ text: string }>(
    "SELECT basis || ' ' || kind || ' ' || range_start || '-' || range_end || ' ' || shards_json AS text FROM range_fault ORDER BY basis, range_start",
  );
  snapshot.close();
  return rows.map(({ text }) => text);
};

describe("gaps and overlaps of what serves", () => {
  test.each<[string, State, readonly string[]]>([
    ["one shard without a range", { serving: ["0"] }, []],
    ["a whole keyspace", { serving: ["-40", "40-80", "80-"] }, []],
    ["a Reshard that is not switched", { serving: ["0"], resting: ["-80", "80-"] }, []],
    ["bounds of other lengths", { serving: ["-8000", "80-"] }, []],
    ["custom sharding", { serving: ["0", "1", "2"] }, []],
    ["a hole in the middle", { serving: ["-40", "80-"], resting: ["40-80"] }, ['flags gap 40-80 ["40-80"]']],
    ["holes at both ends", { serving: ["40-80"] }, ["flags gap -40 []", "flags gap 80- []"]],
    ["nobody serves", { serving: [], resting: ["0"] }, ['flags gap - ["0"]']],
    ["both sides serve", { serving: ["0", "-80"] }, ['flags overlap -80 ["-80","0"]']],
    ["neighbours that overlap", { serving: ["-80", "40-"] }, ['flags overlap 40-80 ["-80","40-"]']],
    [
      "a cell that routes to one side only",
      { serving: ["-80", "80-"], partition: ["-80"] },
      ['zone1 gap 80- ["80-"]'],
    ],
    ["a cell whose partition is empty", { serving: ["0"], partition: [] }, ['zone1 gap - ["0"]']],
    ["a snapshot keyspace may be partial", { serving: ["-80"], type: KeyspaceType.SNAPSHOT }, []],
  ])("%s", (_, given, expected) => {
    expect(faults(given)).toEqual(expected);
  });
});

test("the cover of any ranges: whole, ascending, and right for every keyspace id", () => {
  const bound = fc
    .integer({ min: 0, max: 16 })
    .map((place) => (place === 0 || place === 16 ? "" : `${place.toString(16)}0`));
  const range = fc
    .record({ name: fc.constantFrom("a", "b", "c", "d"), start: bound, end: bound })
    .filter(({ start, end }) => end === "" || start < end);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), fc.integer({ min: 0, max: 255 }), (ranges, value) => {
      const id = value.toString(16).padStart(2, "0");
      const within = ({ start, end }: { start: string; end: string }): boolean =>
        start <= id && (end === "" || id < end);
      const stretches = cover(ranges);
      expect(stretches.map(({ start }) => start)).toEqual(
        ["", ...stretches.map(({ end }) => end)].slice(0, -1),
      );
      expect(stretches.at(-1)?.end).toBe("");
      expect(stretches.filter(within).map(({ names }) => names)).toEqual([
        [...new Set(ranges.filter(within).map(({ name }) => name))].sort(),
      ]);
    }),
  );
});
