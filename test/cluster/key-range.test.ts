import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contains,
  EVERYTHING,
  gaps,
  type KeyRange,
  keyRangeOfBytes,
  keyRangeOfShard,
  orderKeyRanges,
  overlaps,
  sameKeyRange,
} from "../../src/cluster/key-range.js";

const range = (name: string): KeyRange => {
  const parsed = keyRangeOfShard(name);
  if (parsed === null) throw new Error(`${name} is no shard`);
  return parsed;
};

/** Bounds of one or two bytes make collisions, zero bytes and neighbours likely. */
const bound = fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const anyRange = fc
  .tuple(bound, bound)
  .map(([start, end]): KeyRange => ({ start, end }))
  .filter(({ start, end }) => end === "" || start < end);
const keyspaceId = fc
  .uint8Array({ minLength: 3, maxLength: 3 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

describe("the key range of a shard", () => {
  test.each([
    ["-80", { start: "", end: "80" }],
    ["80-", { start: "80", end: "" }],
    ["80-C0", { start: "80", end: "c0" }],
    ["-", EVERYTHING],
    ["0", EVERYTHING],
    ["custom", EVERYTHING],
  ])("%s", (name, expected) => {
    expect(keyRangeOfShard(name)).toEqual(expected);
  });

  test.each(["", "80-40", "80-80", "8-", "-8", "xy-", "-80-", "40-80-c0"])("%j is none", (name) => {
    expect(keyRangeOfShard(name)).toBeNull();
  });

  test("is that of the record", () => {
    expect(keyRangeOfBytes({ start: Uint8Array.of(0x80), end: new Uint8Array() })).toEqual(range("80-"));
    expect(keyRangeOfBytes(undefined)).toEqual(EVERYTHING);
  });

  test("is named as it was parsed", () => {
    fc.assert(
      fc.property(anyRange, (any) => {
        expect(keyRangeOfShard(`${any.start}-${any.end}`)).toEqual(any);
      }),
    );
  });
});

describe("key ranges", () => {
  test("are equal however their bounds are padded", () => {
    expect(sameKeyRange(range("-80"), range("-8000"))).toBe(true);
    expect(sameKeyRange(range("00-80"), range("-80"))).toBe(true);
    expect(sameKeyRange(range("-80"), range("-8001"))).toBe(false);
    expect(sameKeyRange(range("80-"), range("80-ff"))).toBe(false);
  });

  test("overlap and order as their keyspace ids do", () => {
    fc.assert(
      fc.property(anyRange, anyRange, keyspaceId, (a, b, id) => {
        const inBoth = contains(a, id) && contains(b, id);
        if (inBoth) expect(overlaps(a, b)).toBe(true);
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        expect(Math.sign(orderKeyRanges(a, b))).toBe(0 - Math.sign(orderKeyRanges(b, a)));
      }),
      { numRuns: 1_000 },
    );
  });

  test("overlap only where some keyspace id lies in both", () => {
    fc.assert(
      fc.property(anyRange, anyRange, (a, b) => {
        const starts = [a.start, b.start].sort();
        const later = starts[1] ?? "";
        expect(overlaps(a, b)).toBe(contains(a, later) && contains(b, later));
      }),
      { numRuns: 1_000 },
    );
  });

  test("overlap nothing when padding alone sets their bounds apart", () => {
    expect(overlaps(range("80-8000"), range("40-c0"))).toBe(false);
    expect(overlaps(range("80-8000"), range("80-8000"))).toBe(false);
  });

  test("leave as gaps exactly what they do not cover", () => {
    fc.assert(
      fc.property(fc.array(anyRange, { maxLength: 6 }), keyspaceId, (ranges, id) => {
        const holes = gaps(ranges);
        const covered = ranges.some((each) => contains(each, id));
        expect(holes.some((hole) => contains(hole, id))).toBe(!covered);
        for (const hole of holes) for (const each of ranges) expect(overlaps(hole, each)).toBe(false);
        expect(gaps([...ranges, ...holes])).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    [["-80", "80-"], []],
    [["-40", "80-"], [range("40-80")]],
    [[], [EVERYTHING]],
    [["40-80"], [range("-40"), range("80-")]],
    [["0"], []],
  ])("gaps of %j", (names, holes) => {
    expect(gaps(names.map(range))).toEqual(holes);
  });
});
