import { emptyFacts, FACT_TABLES, type Facts, type FactTable } from "../snapshot/facts.js";

/** Some rows of some tables. */
export type FactsPart = Partial<Facts>;

export function joinFacts(parts: readonly FactsPart[]): Facts {
  const rowsOf = (table: FactTable): readonly object[] =>
    parts.flatMap((part): readonly object[] => part[table] ?? []);
  return Object.assign(emptyFacts(), Object.fromEntries(FACT_TABLES.map((table) => [table, rowsOf(table)])));
}
