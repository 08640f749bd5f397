import type { SqlValue } from "./database.js";

type Row = Readonly<Record<string, SqlValue>>;

/**
 * Rows by their primary key, so that nothing depends on the order in which facts came in (invariant 4 of ARCHITECTURE.md). A collector
 * gives them in that order already; then they are not copied.
 */
export const inKeyOrder = <T extends object>(rows: readonly T[], key: readonly string[]): readonly T[] => {
  const compare = (one: object, other: object): number => compareKeys(one as Row, other as Row, key);
  const sorted = rows.every((row, place) => place === 0 || compare(rows[place - 1] ?? row, row) <= 0);
  return sorted ? rows : rows.toSorted(compare);
};

const compareKeys = (one: Row, other: Row, key: readonly string[]): number => {
  for (const column of key) {
    const [a, b] = [one[column] ?? "", other[column] ?? ""];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
};
