/** Transactions by the server (and tag) that they come from: intervals, both ends included. */
export type GtidSet = ReadonlyMap<string, readonly Interval[]>;

interface Interval {
  readonly first: number;
  readonly last: number;
}

/**
 * A position as Vitess stores it, `MySQL56/uuid:1-5:7,uuid:tag:3`, with or without its flavour (go/mysql/replication/mysql56_gtid_set.go).
 * Null for another flavour, a compressed position, or anything else that is none.
 */
export const parseGtidSet = (text: string): GtidSet | null => {
  const set = new Map<string, Interval[]>();
  for (const part of text.replace(/^MySQL56\//, "").split(",")) {
    const [server = "", ...rest] = part.trim().split(":");
    if (!UUID.test(server) || rest.length === 0) return null;
    let source = server.toLowerCase();
    for (const word of rest) {
      const [, first, last] = INTERVAL.exec(word) ?? [];
      if (first === undefined) {
        if (!TAG.test(word)) return null;
        source = `${server.toLowerCase()}:${word.toLowerCase()}`;
        continue;
      }
      set.set(source, [...(set.get(source) ?? []), { first: Number(first), last: Number(last ?? first) }]);
    }
  }
  return set;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const INTERVAL = /^(\d+)(?:-(\d+))?$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/i;

/** Whether every transaction of `part` is in `whole`. */
export const contains = (whole: GtidSet, part: GtidSet): boolean =>
  [...part].every(([source, intervals]) => {
    const having = joined(whole.get(source) ?? []);
    return intervals.every(({ first, last }) =>
      having.some((interval) => interval.first <= first && last <= interval.last),
    );
  });

/** Whether `later` has all that `earlier` has, and more. */
export const isBeyond = (later: GtidSet, earlier: GtidSet): boolean =>
  contains(later, earlier) && !contains(earlier, later);

/** Neighbours as one, in order: `1-5:6-9` is `1-9`. */
const joined = (intervals: readonly Interval[]): readonly Interval[] => {
  const merged: Interval[] = [];
  for (const next of intervals.toSorted((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && next.first <= previous.last + 1)
      merged[merged.length - 1] = { first: previous.first, last: Math.max(previous.last, next.last) };
    else merged.push(next);
  }
  return merged;
};
