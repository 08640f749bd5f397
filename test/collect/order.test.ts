import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinFacts } from "../../src/snapshot/facts.js";
import { inOrder } from "../../src/snapshot/key-order.js";

describe("the order of facts", () => {
  it("does not depend on the order in which answers came", () => {
    const row = fc.record({ server: fc.string(), lease: fc.string(), ttl: fc.nat(), granted_ttl: fc.nat() });
    const rows = fc.uniqueArray(row, { selector: ({ server, lease }) => JSON.stringify([server, lease]) });
    const shuffled = rows.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
    );
    fc.assert(
      fc.property(shuffled, ([given, mixed]) => {
        const ordered = inOrder(joinFacts([{ topo_lease: mixed }]));
        expect(ordered).toEqual(inOrder(joinFacts([{ topo_lease: given }])));
        expect(ordered.topo_lease).toHaveLength(given.length);
      }),
    );
  });
});
