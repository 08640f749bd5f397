import { FILTERS, type FilterName } from "./filters.js";
import type { Row, Texts, Value } from "./rule.js";

/** How a filled-in value is written: plainly into prose, quoted into SQL, as one word into a shell command. */
export type Quote = (value: Value) => string;

/** A sentence of a rule with `{column}` or `{column|filter argument}` in it (docs/writing-rules.md, "Placeholders"). */
export interface Template {
  readonly columns: readonly string[];
  render(row: Row, quote?: Quote): string;
  /** Whether every column it names has a value in this row. */
  complete(row: Row): boolean;
}

interface Hole {
  readonly column: string;
  readonly filter: FilterName | null;
  readonly argument: string;
}

const HOLE = /\{([a-z_][a-z0-9_]*)(?:\|([a-z]+)(?: ([^{}]+))?)?\}/g;

const compiled = new Map<string, Template>();

/** Compiled once for each text. Throws an Error that says what is wrong with it; the loader adds file and line. */
export const templateOf = (text: string): Template => {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const made = compileTemplate(text);
  compiled.set(text, made);
  return made;
};

/** A text that was written over several lines. */
export const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, " ");

/** A query that has `?` for each placeholder, and the values to bind. */
export const bound = (
  query: string,
  row: Row,
): { readonly sql: string; readonly values: readonly Value[] } => {
  const values: Value[] = [];
  const sql = templateOf(query).render(row, (value) => {
    values.push(value);
    return "?";
  });
  return { sql, values };
};

const compileTemplate = (text: string): Template => {
  const literals: string[] = [];
  const holes: Hole[] = [];
  let end = 0;
  for (const match of text.matchAll(HOLE)) {
    literals.push(literalOf(text.slice(end, match.index)));
    holes.push(holeOf(match));
    end = match.index + match[0].length;
  }
  literals.push(literalOf(text.slice(end)));
  return {
    columns: [...new Set(holes.map((hole) => hole.column))],
    render: (row, quote = prose) =>
      literals.map((literal, i) => literal + fill(holes[i], row, quote)).join(""),
    complete: (row) => holes.every((hole) => columnValue(row, hole.column) !== null),
  };
};

const prose: Quote = (value) => (value === null ? "(unknown)" : String(value));

export const sqlLiteral: Quote = (value) => {
  if (value === null) return "NULL";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
};

/** One word of a POSIX shell, so that a command that is printed can be pasted. */
export const shellWord: Quote = (value) => {
  const text = String(value);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
};

/** What a command has to be given to know the rule, to append to it. */
export const givenBy = ({ folder }: { readonly folder: string | null }): string =>
  folder === null ? "" : ` --rules ${shellWord(folder)}`;

const literalOf = (text: string): string => {
  const brace = /[{}]/.exec(text);
  if (brace !== null)
    throw new Error(`'${text.slice(brace.index, brace.index + 20)}' is not a placeholder like {shard}`);
  return text;
};

const holeOf = (match: RegExpMatchArray): Hole => {
  const [, column = "", filter, argument = ""] = match;
  if (filter === undefined) return { column, filter: null, argument };
  if (!isFilter(filter))
    throw new Error(
      `unknown filter '${filter}' in ${match[0]}; there are ${Object.keys(FILTERS).join(", ")}`,
    );
  return { column, filter, argument };
};

const isFilter = (name: string): name is FilterName => Object.hasOwn(FILTERS, name);

const columnValue = (row: Row, column: string): Value => {
  const value = row[column];
  if (value === undefined) throw new Error(`there is no column '${column}'`);
  return value;
};

const fill = (hole: Hole | undefined, row: Row, quote: Quote): string => {
  if (hole === undefined) return "";
  const value = columnValue(row, hole.column);
  return hole.filter === null || value === null
    ? quote(value)
    : quote(FILTERS[hole.filter](value, hole.argument));
};

/** A text alone, or the first of several that can be said. */
export const textsOf = (texts: Texts | undefined): readonly string[] =>
  typeof texts === "string" ? [texts] : (texts ?? []);
