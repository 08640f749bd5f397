/** One condition of a WHERE, and the query that does not ask it. */
export interface Conjunct {
  readonly text: string;
  readonly without: string;
}

interface Part {
  readonly start: number;
  readonly end: number;
}

/** A WHERE that is being read: its parts between the ANDs of its own level. */
interface Where {
  readonly parts: Part[];
  start: number | null;
  end: number;
  /** BETWEENs whose AND has not come yet. */
  between: number;
  /** An OR at its own level: then it is one condition. */
  or: boolean;
}

const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|\S/g;

const ENDS_A_WHERE = new Set(["GROUP", "ORDER", "LIMIT", "HAVING", "WINDOW", "UNION", "EXCEPT", "INTERSECT"]);

/** The conditions that AND joins in each WHERE of a query, those of its CTEs and subqueries too, in their order. */
export const conjunctsOf = (query: string): readonly Conjunct[] => {
  const found: Part[] = [];
  // One entry a parenthesis or CASE that is open; null: no WHERE of its level is being read.
  const levels: (Where | null)[] = [null];
  const leave = (): void => {
    found.push(...partsOf(levels.at(-1) ?? null));
    levels[levels.length - 1] = null;
  };
  let before = "";
  for (const { 0: text, index: start } of query.matchAll(TOKEN)) {
    if (text.startsWith("--") || text.startsWith("/*")) continue;
    const word = before === "." ? "" : text.toUpperCase();
    before = text;
    const end = start + text.length;
    if (text === ")" || word === "END") {
      leave();
      levels.pop();
      widen(levels, start, end);
    } else if (ENDS_A_WHERE.has(word)) leave();
    else if (word === "WHERE") levels[levels.length - 1] = opened();
    else if (!joins(levels.at(-1) ?? null, word)) {
      widen(levels, start, end);
      if (text === "(" || word === "CASE") levels.push(null);
    }
  }
  while (levels.length > 0) {
    leave();
    levels.pop();
  }
  return found
    .toSorted((a, b) => a.start - b.start)
    .map((part) => ({
      text: query.slice(part.start, part.end).replace(/\s+/g, " "),
      without: `${query.slice(0, part.start)}1${query.slice(part.end)}`,
    }));
};

const opened = (): Where => ({ parts: [], start: null, end: 0, between: 0, or: false });

const widen = (levels: readonly (Where | null)[], start: number, end: number): void => {
  const where = levels.at(-1);
  if (where === null || where === undefined) return;
  where.start ??= start;
  where.end = end;
};

/** Whether the word is an AND that ends a part. An OR and a BETWEEN are noted. */
const joins = (where: Where | null, word: string): boolean => {
  if (where === null) return false;
  if (word === "OR") where.or = true;
  if (word === "BETWEEN") where.between += 1;
  if (word !== "AND") return false;
  if (where.between > 0) {
    where.between -= 1;
    return false;
  }
  where.parts.push({ start: where.start ?? where.end, end: where.end });
  where.start = null;
  return true;
};

const partsOf = (where: Where | null): readonly Part[] => {
  if (where === null || where.start === null) return [];
  const parts = [...where.parts, { start: where.start, end: where.end }];
  return where.or ? [{ start: parts[0]?.start ?? where.start, end: where.end }] : parts;
};
