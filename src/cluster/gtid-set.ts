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

/** The transactions of `part` that are not in `whole`. */
export const without = (part: GtidSet, whole: GtidSet): GtidSet => {
  const left = new Map<string, readonly Interval[]>();
  for (const [source, intervals] of part) {
    const having = joined(whole.get(source) ?? []);
    const rest = joined(intervals).flatMap((interval) => outside(interval, having));
    if (rest.length > 0) left.set(source, rest);
  }
  return left;
};

/** What of an interval no other covers; the others in order, with gaps between them. */
const outside = ({ first, last }: Interval, others: readonly Interval[]): readonly Interval[] => {
  const rest: Interval[] = [];
  let next = first;
  for (const other of others) {
    if (other.last < next || other.first > last) continue;
    if (other.first > next) rest.push({ first: next, last: other.first - 1 });
    next = other.last + 1;
  }
  return next > last ? rest : [...rest, { first: next, last }];
};

/** As MySQL writes it, without Vitess's flavour. */
export const formatGtidSet = (set: GtidSet): string =>
  [...set]
    .map(([source, intervals]) =>
      [
        source,
        ...intervals.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)),
      ].join(":"),
    )
    .join(",");

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
