import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globalRootsAmong, prefixesToRead } from "../../src/collect/topology/roots.js";
import { cellInfoKey, keyspaceKey, rootPrefix, tabletKey } from "../../src/topology/paths.js";

const root = fc
  .array(fc.constantFrom("vitess", "global", "zone1", "v"), { minLength: 1, maxLength: 4 })
  .map((parts) => `/${parts.join("/")}`);

describe("roots", () => {
  it("are covered, and no key is read twice", () => {
    fc.assert(
      fc.property(fc.array(root), (roots) => {
        const prefixes = prefixesToRead(roots);
        for (const one of roots) {
          expect(prefixes.filter((prefix) => rootPrefix(one).startsWith(prefix))).toHaveLength(1);
        }
      }),
    );
  });

  it("are told apart from those that only look like the beginning of another", () => {
    expect(
      prefixesToRead(["/vitess/zone1", "/vitess/zone10", "/vitess/zone1/", "/vitess/zone1/sub"]),
    ).toEqual(["/vitess/zone1/", "/vitess/zone10/"]);
  });

  it("are found by the global records below them", () => {
    fc.assert(
      fc.property(root, (global) => {
        const alias = { cell: "zone1", uid: 100 };
        const keys = [
          cellInfoKey(global, "zone1"),
          keyspaceKey(global, "customer"),
          tabletKey("/elsewhere", alias),
        ];
        expect(globalRootsAmong([...keys, "/registry/pods/default/cells"])).toEqual([global]);
      }),
    );
  });
});
