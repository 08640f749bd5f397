import { type Rows, TABLES } from "./gen/tables.js";

type PartOf<T extends keyof Rows> = (typeof TABLES)[T]["part"];

/** The tables under FACTS in `schema.sql`, which says what each column means. */
export type FactTable = { [T in keyof Rows]: PartOf<T> extends "facts" ? T : never }[keyof Rows];

/** What was seen of one cluster. */
export type Facts = { readonly [T in FactTable]: readonly Rows[T][] };

/** What follows from the facts. */
export type Derived = { readonly [T in Exclude<keyof Rows, FactTable>]: readonly Rows[T][] };

export const isFactTable = (table: string): table is FactTable =>
  Object.entries(TABLES).some(([name, { part }]) => name === table && part === "facts");

export const FACT_TABLES: readonly FactTable[] = Object.keys(TABLES).filter(isFactTable);

/** Facts whose rows come table by table. */
export const factsOf = (rowsOf: (table: FactTable) => readonly object[]): Facts =>
  Object.fromEntries(FACT_TABLES.map((table) => [table, rowsOf(table)])) as unknown as Facts;

export const emptyFacts = (): Facts => factsOf(() => []);

/** Some rows of some tables. */
export type FactsPart = Partial<Facts>;

export const joinFacts = (parts: readonly FactsPart[]): Facts =>
  factsOf((table) => parts.flatMap((part): readonly object[] => part[table] ?? []));

/** Null where the snapshot does not have it. */
export const metaValue = (facts: Pick<Facts, "meta">, name: string): string | null =>
  facts.meta.find((row) => row.name === name)?.value ?? null;
