/**
 * The keyspace ids from `start` (inclusive) to `end` (exclusive), lower-case hex of whole bytes. Empty: from the minimum, or to the
 * maximum. A shard without a key range (`0`) covers everything, as in Vitess (key.KeyRangeIntersect; docs/vitess.md#key-ranges).
 * Trailing zero bytes do not matter: `-80` and `-8000` are the same range.
 */
export interface KeyRange {
  readonly start: string;
  readonly end: string;
}

export const EVERYTHING: KeyRange = { start: "", end: "" };

const BOUND = /^([0-9a-f]{2})*$/;

/** The range that a shard's name promises (topo/shard.go ValidateShardName); null for a name that Vitess refuses. */
export function keyRangeOfShard(name: string): KeyRange | null {
  if (!name.includes("-")) return name === "" ? null : EVERYTHING;
  const [start, end, ...rest] = name.toLowerCase().split("-");
  if (start === undefined || end === undefined || rest.length > 0) return null;
  if (!BOUND.test(start) || !BOUND.test(end)) return null;
  return end !== "" && start >= end ? null : { start, end };
}

/** From the bounds of a record; null is an absent `key_range`. */
export const keyRangeOfBytes = (
  record: { readonly start: Uint8Array; readonly end: Uint8Array } | null | undefined,
): KeyRange => (record ? { start: hex(record.start), end: hex(record.end) } : EVERYTHING);

/**
 * The range of a record; of one that has none, what the shard's name says (docs/vitess.md#key-ranges). Bounds without zero bytes at their end:
 * such ones compare as texts as Vitess compares their bytes.
 */
export const keyRangeOfRecord = (shard: string, record: Parameters<typeof keyRangeOfBytes>[0]): KeyRange => {
  const range = record ? keyRangeOfBytes(record) : (keyRangeOfShard(shard) ?? EVERYTHING);
  // A range that ends at 00 has no keyspace id, and an empty bound would give it all.
  return { start: floor(range), end: isMax(range) ? "" : trim(range.end) || "00" };
};

export const sameKeyRange = (a: KeyRange, b: KeyRange): boolean => orderKeyRanges(a, b) === 0;

/** By start, then by end, the maximum last (key.KeyRangeLess). */
export const orderKeyRanges = (a: KeyRange, b: KeyRange): number =>
  compare(floor(a), floor(b)) || compareEnds(a, b);

/** Whether the keyspace id (hex) lies in the range. */
export const contains = (range: KeyRange, keyspaceId: string): boolean =>
  compare(floor(range), trim(keyspaceId)) <= 0 &&
  (isMax(range) || compare(trim(keyspaceId), trim(range.end)) < 0);

/** Whether some keyspace id lies in both; none does in `80-8000`, which Vitess takes for a shard's name. */
export const overlaps = (a: KeyRange, b: KeyRange): boolean =>
  [a, b].every((from) => [a, b].every((to) => startsBeforeEndOf(from, to)));

/** What of all keyspace ids none of the ranges covers, ascending. */
export function gaps(ranges: readonly KeyRange[]): readonly KeyRange[] {
  const holes: KeyRange[] = [];
  let covered = "";
  for (const range of ranges.toSorted(orderKeyRanges)) {
    if (compare(covered, floor(range)) < 0) holes.push({ start: covered, end: floor(range) });
    if (isMax(range)) return holes;
    if (compare(covered, trim(range.end)) < 0) covered = trim(range.end);
  }
  return [...holes, { start: covered, end: "" }];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const trim = (bound: string): string => bound.replace(/(00)+$/, "");
const floor = (range: KeyRange): string => trim(range.start);
const isMax = (range: KeyRange): boolean => range.end === "";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const compareEnds = (a: KeyRange, b: KeyRange): number =>
  isMax(a) || isMax(b) ? Number(isMax(a)) - Number(isMax(b)) : compare(trim(a.end), trim(b.end));
const startsBeforeEndOf = (a: KeyRange, b: KeyRange): boolean =>
  isMax(b) || compare(floor(a), trim(b.end)) < 0;
