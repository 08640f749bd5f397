import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAlias, parseAlias } from "../../src/cluster/alias.js";

describe("a tablet alias", () => {
  test.each([
    ["zone1-0000000100", { cell: "zone1", uid: 100 }],
    ["zone1-100", { cell: "zone1", uid: 100 }],
    ["us-east-1-0000000001", { cell: "us-east-1", uid: 1 }],
    ["a.b_c-4294967295", { cell: "a.b_c", uid: 4294967295 }],
  ])("%s", (text, alias) => {
    expect(parseAlias(text)).toEqual(alias);
  });

  test.each(["", "zone1", "zone1-", "-100", "zone1-x", "zone1-4294967296", "zone 1-100", "zone1-100/Tablet"])(
    "%j is none",
    (text) => {
      expect(parseAlias(text)).toBeNull();
    },
  );

  test("comes back as it was written", () => {
    const cell = fc.stringMatching(/^[-_.a-zA-Z0-9]+$/);
    fc.assert(
      fc.property(cell, fc.integer({ min: 0, max: 0xffff_ffff }), (name, uid) => {
        const text = formatAlias({ cell: name, uid });
        expect(parseAlias(text)).toEqual({ cell: name, uid });
        expect(text).toMatch(/-\d{10}$/);
      }),
    );
  });
});
