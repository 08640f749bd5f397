/** The first of each key, in the order given. */
export const uniqueBy = <T>(rows: readonly T[], keyOf: (row: T) => string): readonly T[] => {
  const first = new Map<string, T>();
  for (const row of rows) {
    const key = keyOf(row);
    if (!first.has(key)) first.set(key, row);
  }
  return [...first.values()];
};

/** Rows by key, in the order given; Node 20 has no Map.groupBy. */
export const groupBy = <K, T>(rows: Iterable<T>, keyOf: (row: T) => K): ReadonlyMap<K, readonly T[]> => {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
};

/** Code unit order: the same in every locale. */
export const byText = <T>(textOf: (row: T) => string) => {
  return (one: T, other: T): number => {
    const [a, b] = [textOf(one), textOf(other)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
};

/** Protobuf maps come in any order; JSON that is compared as text must not. */
export const sortedRecord = (record: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(record).sort(byText(([name]) => name)));

/** JSON whose objects have their keys in order, at every depth. */
export const stableJson = (value: unknown): string => JSON.stringify(ordered(value));

const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, ordered(inner)] as const);
  return Object.fromEntries(entries.sort(byText(([name]) => name)));
};
