import type { SqlValue } from "./database.js";
import { type Facts, factsOf } from "./facts.js";
import { type Rows, TABLES } from "./gen/tables.js";

type Row = Readonly<Record<string, SqlValue>>;

/**
 * Rows of a table by its primary key, so that nothing depends on the order in which facts came in (invariant 4 of ARCHITECTURE.md);
 * text by code unit, never by locale. Rows that are in order already are not copied.
 */
export const inKeyOrder = (table: keyof Rows, rows: readonly object[]): readonly object[] => {
  const compare = comparing(table);
  const sorted = rows.every((row, place) => place === 0 || compare(rows[place - 1] ?? row, row) <= 0);
  return sorted ? rows : rows.toSorted(compare);
};

/** The same, and of rows with one key the first. */
export const distinctInKeyOrder = (table: keyof Rows, rows: readonly object[]): readonly object[] => {
  const compare = comparing(table);
  return inKeyOrder(table, rows).filter((row, place, sorted) => {
    const before = sorted[place - 1];
    return before === undefined || compare(before, row) !== 0;
  });
};

/** All facts in the order of their keys, whatever order the answers came in; of one key the first stays (docs/decisions.md#p11). */
export const inOrder = (facts: Facts): Facts => factsOf((table) => distinctInKeyOrder(table, facts[table]));

const comparing = (table: keyof Rows) => {
  const key: readonly string[] = TABLES[table].key;
  return (one: object, other: object): number => {
    for (const column of key) {
      const [a, b] = [(one as Row)[column] ?? "", (other as Row)[column] ?? ""];
      if (a !== b) return a < b ? -1 : 1;
    }
    return 0;
  };
};
