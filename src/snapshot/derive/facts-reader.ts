import type { Facts, FactTable } from "../facts.js";

/** Facts by table, in the order of their primary keys; read only when asked for, for some tables are large. */
export interface FactReader {
  rows<T extends FactTable>(table: T): Facts[T];
}

/** Reads each table once, however many derivations ask for it. */
export const readingOnce = (facts: FactReader): FactReader => {
  const read = new Map<FactTable, unknown>();
  return {
    rows<T extends FactTable>(table: T): Facts[T] {
      if (!read.has(table)) read.set(table, facts.rows(table));
      return read.get(table) as Facts[T];
    },
  };
};
