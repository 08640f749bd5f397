import { byText } from "./order.js";

export interface NamedRange {
  readonly name: string;
  /** Hex; '' is the minimum. */
  readonly start: string;
  /** Hex; '' is the maximum. */
  readonly end: string;
}

export interface Stretch {
  readonly start: string;
  readonly end: string;
  /** Who covers it, sorted; nobody in a gap. */
  readonly names: readonly string[];
}

/**
 * All keyspace ids in ascending stretches, each covered by the same shards from its start to its end; neighbours differ. Bounds compare
 * without trailing zero bytes, as in Vitess (go/vt/key/key.go Normalize).
 */
export const cover = (ranges: readonly NamedRange[]): readonly Stretch[] => {
  const trimmed = ranges.map(({ name, start, end }) => ({
    name,
    start: trim(start),
    end: end === "" ? "" : trim(end),
  }));
  const opening = trimmed.toSorted(byText(({ start }) => start));
  const bounds = [
    ...new Set(["", ...trimmed.flatMap(({ start, end }) => (end === "" ? [start] : [start, end]))]),
  ].sort();
  const open = new Map<NamedRange, string>();
  const stretches: Stretch[] = [];
  let next = 0;
  for (const [place, start] of bounds.entries()) {
    for (const range of open.keys()) if (range.end !== "" && range.end <= start) open.delete(range);
    for (; opening[next]?.start === start; next += 1) {
      const range = opening[next];
      if (range !== undefined && (range.end === "" || range.end > start)) open.set(range, range.name);
    }
    const names = [...new Set(open.values())].sort();
    const last = stretches.at(-1);
    const end = bounds[place + 1] ?? "";
    if (last?.names.join("/") === names.join("/")) stretches[stretches.length - 1] = { ...last, end };
    else stretches.push({ start, end, names });
  }
  return stretches;
};

const trim = (bound: string): string => bound.replace(/(?:00)+$/, "");
