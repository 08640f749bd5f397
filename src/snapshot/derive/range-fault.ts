import type { KeyspaceRow, RangeFaultRow, ShardRow, SrvKeyspaceRow, SrvPartitionRow } from "../gen/tables.js";
import { sortedJson } from "./global-records.js";
import { byText, groupBy } from "./order.js";

export interface NamedRange {
  readonly name: string;
  /** Hex; '' is the minimum. */
  readonly start: string;
  /** Hex; '' is the maximum. */
  readonly end: string;
}

export interface Stretch {
  readonly start: string;
  readonly end: string;
  /** Who covers it, sorted; nobody in a gap. */
  readonly names: readonly string[];
}

/**
 * All keyspace ids in ascending stretches, each covered by the same shards from its start to its end; neighbours differ. Bounds compare
 * without trailing zero bytes, as in Vitess (go/vt/key/key.go Normalize).
 */
export const cover = (ranges: readonly NamedRange[]): readonly Stretch[] => {
  const trimmed = ranges.map(({ name, start, end }) => ({
    name,
    start: trim(start),
    end: end === "" ? "" : trim(end),
  }));
  const opening = trimmed.toSorted(byText(({ start }) => start));
  const bounds = [
    ...new Set(["", ...trimmed.flatMap(({ start, end }) => (end === "" ? [start] : [start, end]))]),
  ].sort();
  const open = new Map<NamedRange, string>();
  const stretches: Stretch[] = [];
  let next = 0;
  for (const [place, start] of bounds.entries()) {
    for (const range of open.keys()) if (range.end !== "" && range.end <= start) open.delete(range);
    for (; opening[next]?.start === start; next += 1) {
      const range = opening[next];
      if (range !== undefined && (range.end === "" || range.end > start)) open.set(range, range.name);
    }
    const names = [...new Set(open.values())].sort();
    const last = stretches.at(-1);
    const end = bounds[place + 1] ?? "";
    if (last?.names.join("/") === names.join("/")) stretches[stretches.length - 1] = { ...last, end };
    else stretches.push({ start, end, names });
  }
  return stretches;
};

const trim = (bound: string): string => bound.replace(/(?:00)+$/, "");

export interface RangeInputs {
  readonly keyspace: readonly KeyspaceRow[];
  readonly shard: readonly ShardRow[];
  readonly srv_keyspace: readonly SrvKeyspaceRow[];
  readonly srv_partition: readonly SrvPartitionRow[];
}

/**
 * Key ranges without a PRIMARY, or with more than one, by the shards' flags and by each cell's SrvKeyspace. Shards without key ranges
 * may overlap: that is custom sharding (topo/srv_keyspace.go OrderAndCheckPartitions). Snapshot keyspaces may be partial.
 */
export const rangeFaults = (inputs: RangeInputs): readonly RangeFaultRow[] => {
  const snapshots = new Set(
    inputs.keyspace
      .filter(({ keyspace_type }) => keyspace_type === "SNAPSHOT")
      .map(({ keyspace }) => keyspace),
  );
  const byKeyspace = groupBy(
    inputs.shard.filter(({ keyspace }) => !snapshots.has(keyspace)),
    ({ keyspace }) => keyspace,
  );
  const primaries = groupBy(
    inputs.srv_partition.filter(({ tablet_type }) => tablet_type === "PRIMARY"),
    ({ cell, keyspace }) => `${cell}/${keyspace}`,
  );
  return [...byKeyspace].flatMap(([keyspace, shards]) => {
    const flagged = shards.filter(({ is_primary_serving }) => is_primary_serving === 1);
    const cells = inputs.srv_keyspace.filter((row) => row.keyspace === keyspace).map(({ cell }) => cell);
    return [
      ...faults(keyspace, "flags", flagged, shards),
      ...cells.flatMap((cell) => faults(keyspace, cell, primaries.get(`${cell}/${keyspace}`) ?? [], shards)),
    ];
  });
};

interface RangeRow {
  readonly shard: string;
  readonly range_start: string;
  readonly range_end: string;
}

const faults = (
  keyspace: string,
  basis: string,
  serving: readonly RangeRow[],
  shards: readonly RangeRow[],
): readonly RangeFaultRow[] => {
  const all = shards.map(named);
  return cover(serving.map(named)).flatMap(({ start, end, names }) => {
    if (names.length === 1 || (names.length > 1 && names.every((name) => !name.includes("-")))) return [];
    const kind = names.length === 0 ? "gap" : "overlap";
    const concerned = kind === "gap" ? shardsWithin(all, start, end) : names;
    return [
      { keyspace, basis, kind, range_start: start, range_end: end, shards_json: sortedJson(concerned) },
    ];
  });
};

const named = ({ shard, range_start, range_end }: RangeRow): NamedRange => ({
  name: shard,
  start: range_start,
  end: range_end,
});

/** The shards that exist and could serve the gap. */
const shardsWithin = (shards: readonly NamedRange[], start: string, end: string): readonly string[] =>
  shards
    .filter((shard) => (end === "" || shard.start < end) && (shard.end === "" || shard.end > start))
    .map(({ name }) => name);
