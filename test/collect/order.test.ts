import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inOrder, PRIMARY_KEYS } from "../../src/collect/order.js";
import { columnsOf, createDatabase } from "../../src/snapshot/database.js";
import { emptyFacts, FACT_TABLES } from "../../src/snapshot/facts.js";

describe("the order of facts", () => {
  it("is that of the primary keys of schema.sql", () => {
    const db = createDatabase();
    const keys = FACT_TABLES.map((table) => [
      table,
      columnsOf(db, table)
        .filter(({ pk }) => pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map(({ name }) => name),
    ]);
    db.close();
    expect(Object.fromEntries(keys)).toEqual(PRIMARY_KEYS);
  });

  it("does not depend on the order in which answers came", () => {
    const row = fc.record({ server: fc.string(), lease: fc.string(), ttl: fc.nat(), granted_ttl: fc.nat() });
    const rows = fc.uniqueArray(row, { selector: ({ server, lease }) => JSON.stringify([server, lease]) });
    const shuffled = rows.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
    );
    fc.assert(
      fc.property(shuffled, ([given, mixed]) => {
        const ordered = inOrder({ ...emptyFacts(), topo_lease: mixed });
        expect(ordered).toEqual(inOrder({ ...emptyFacts(), topo_lease: given }));
        expect(ordered.topo_lease).toHaveLength(given.length);
      }),
    );
  });
});
