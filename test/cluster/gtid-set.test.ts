import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, type GtidSet, isBeyond, parseGtidSet } from "../../src/cluster/gtid-set.js";

const A = "b76933b8-e85c-11f1-82dd-02fc00000001";
const B = "b7ef6cfb-e85c-11f1-8fa9-02fc00000001";

const set = (text: string): GtidSet => {
  const parsed = parseGtidSet(text);
  if (parsed === null) throw new Error(`no GTID set: ${text}`);
  return parsed;
};

describe("a GTID set", () => {
  it.each([
    [`MySQL56/${A}:1-29`, `MySQL56/${A}:1-28`, true],
    [`MySQL56/${A}:1-29,${B}:1-5`, `MySQL56/${A}:1-29`, true],
    [`${A}:1-5:6-9`, `${A}:1-8`, true],
    [`${A}:1-5:7-9`, `${A}:1-8`, false],
    [`${A}:1-29`, `${A}:1-29`, false],
    [`${A}:1-29`, `${A}:1-30`, false],
    [`${A}:1-29`, `${B}:1`, false],
    [`${A}:1-29:blue:1-2`, `${A}:blue:1`, true],
    [`${A}:1-29`, `${A}:blue:1`, false],
    [`${A.toUpperCase()}:1-3`, `${A}:2`, true],
  ])("%s is beyond %s: %s", (later, earlier, beyond) => {
    expect(isBeyond(set(later), set(earlier))).toBe(beyond);
  });

  it.each(["", "MySQL56/", "base64:AAAA", "MariaDB/0-1-2", "FilePos/bin.1:4", `${A}`, `${A}:x y`])(
    "is not read from %j",
    (text) => {
      expect(parseGtidSet(text)).toBeNull();
    },
  );

  it("contains what each of its numbers is in, however the intervals are cut", () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1 });
    const text = (list: readonly number[]): string => `MySQL56/${A}:${list.join(":")}`;
    fc.assert(
      fc.property(numbers, numbers, (whole, part) => {
        expect(contains(set(text(whole)), set(text(part)))).toBe(part.every((one) => whole.includes(one)));
      }),
    );
  });
});
