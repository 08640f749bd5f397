/**
 * The statements on `_vt.vreplication` and `_vt.resharding_journal` that `VReplicationExec` plans
 * (`vreplication/controller_plan.go`, v19 to v24; docs/vitess.md#vreplicationexec), and no more of SQL.
 */
export type SidecarStatement =
  | {
      readonly kind: "update";
      readonly table: SidecarTable;
      readonly set: ReadonlyMap<string, string | null>;
      readonly where: readonly Condition[];
    }
  | { readonly kind: "delete"; readonly table: SidecarTable; readonly where: readonly Condition[] }
  | {
      readonly kind: "insert";
      readonly table: SidecarTable;
      readonly rows: readonly ReadonlyMap<string, string | null>[];
    };

type SidecarTable = "vreplication" | "resharding_journal";

/** `column = value`, `column in (values)` or `not column <=> value`; all of a WHERE must hold. */
export interface Condition {
  readonly column: string;
  readonly values: readonly string[];
  readonly not?: boolean;
}

export class SqlError extends Error {
  override readonly name = "SqlError";
}

export const parseSidecarStatement = (sql: string): SidecarStatement => {
  const tokens = new Tokens(sql);
  const verb = tokens.word("update", "delete", "insert");
  if (verb === "update") {
    const table = tableName(tokens);
    tokens.word("set");
    const set = new Map(list(tokens, () => assignment(tokens)));
    return end(tokens, { kind: "update", table, set, where: where(tokens) });
  }
  if (verb === "delete") {
    tokens.word("from");
    const table = tableName(tokens);
    return end(tokens, { kind: "delete", table, where: where(tokens) });
  }
  tokens.word("into");
  const table = tableName(tokens);
  const columns = group(tokens, () => tokens.name());
  tokens.word("values");
  const rows = list(tokens, () => {
    const values = group(tokens, () => literal(tokens));
    if (values.length !== columns.length) throw new SqlError("Column count doesn't match value count");
    return new Map(columns.map((column, index) => [column, values[index] ?? null]));
  });
  return end(tokens, { kind: "insert", table, rows });
};

export const matches = (row: Readonly<Record<string, string | null>>, where: readonly Condition[]): boolean =>
  where.every(({ column, values, not = false }) => values.includes(row[column] ?? "\0NULL") !== not);

const TOKEN =
  /\s*(?:(\/\*.*?\*\/)|('(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(`[^`]+`|[A-Za-z_][\w$]*)|(-?\d+)|(<=>|[=(),.;]))/sy;

type Token =
  | { readonly kind: "string" | "name" | "number" | "sign"; readonly text: string }
  | { readonly kind: "end"; readonly text: "" };

class Tokens {
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(sql: string) {
    TOKEN.lastIndex = 0;
    while (sql.slice(TOKEN.lastIndex).trim() !== "") {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(sql);
      if (match === null) throw new SqlError(`syntax error near '${sql.slice(at).trim().slice(0, 40)}'`);
      const [, , text, name, number, sign] = match;
      if (text !== undefined) this.#tokens.push({ kind: "string", text: unquote(text) });
      else if (name !== undefined) this.#tokens.push({ kind: "name", text: name.replaceAll("`", "") });
      else if (number !== undefined) this.#tokens.push({ kind: "number", text: number });
      else if (sign !== undefined) this.#tokens.push({ kind: "sign", text: sign });
    }
  }

  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "" };
  }

  take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  /** One of these keywords. */
  word(...words: readonly string[]): string {
    const token = this.take();
    const word = token.text.toLowerCase();
    if (token.kind !== "name" || !words.includes(word))
      throw new SqlError(`unsupported construct: ${token.text}`);
    return word;
  }

  name(): string {
    const token = this.take();
    if (token.kind !== "name") throw new SqlError(`syntax error near '${token.text}'`);
    return token.text;
  }

  /** Takes `text` when it comes next. */
  skip(text: string): boolean {
    const token = this.peek();
    if (token.kind === "string" || token.text.toLowerCase() !== text) return false;
    this.#next++;
    return true;
  }

  expect(sign: string): void {
    if (!this.skip(sign)) throw new SqlError(`syntax error near '${this.peek().text}'`);
  }
}

const tableName = (tokens: Tokens): SidecarTable => {
  const first = tokens.name();
  if (!tokens.skip(".")) throw new SqlError(`database name is missing: ${first}`);
  if (first !== "_vt") throw new SqlError(`invalid database name: ${first}`);
  const table = tokens.name();
  if (table !== "vreplication" && table !== "resharding_journal")
    throw new SqlError(`invalid table name: ${table}`);
  return table;
};

const where = (tokens: Tokens): readonly Condition[] => {
  if (!tokens.skip("where")) return [];
  const conditions: Condition[] = [];
  do {
    const not = tokens.skip("not");
    const column = tokens.name();
    if (not) {
      tokens.expect("<=>");
      conditions.push({ column, values: [text(tokens)], not });
    } else if (tokens.skip("in")) conditions.push({ column, values: group(tokens, () => text(tokens)) });
    else {
      tokens.expect("=");
      conditions.push({ column, values: [text(tokens)] });
    }
  } while (tokens.skip("and"));
  return conditions;
};

const assignment = (tokens: Tokens): readonly [string, string | null] => {
  const column = tokens.name();
  tokens.expect("=");
  return [column, literal(tokens)];
};

const literal = (tokens: Tokens): string | null => (tokens.skip("null") ? null : text(tokens));

const text = (tokens: Tokens): string => {
  const token = tokens.take();
  if (token.kind !== "string" && token.kind !== "number")
    throw new SqlError(`syntax error near '${token.text}'`);
  return token.text;
};

const list = <T>(tokens: Tokens, one: () => T): T[] => {
  const all = [one()];
  while (tokens.skip(",")) all.push(one());
  return all;
};

const group = <T>(tokens: Tokens, one: () => T): T[] => {
  tokens.expect("(");
  const all = list(tokens, one);
  tokens.expect(")");
  return all;
};

const end = <T>(tokens: Tokens, statement: T): T => {
  tokens.skip(";");
  if (tokens.peek().kind !== "end") throw new SqlError(`unsupported construct: ${tokens.peek().text}`);
  return statement;
};

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  Z: "\x1a",
  b: "\b",
};

const unquote = (quoted: string): string => {
  const quote = quoted.charAt(0);
  return quoted.slice(1, -1).replace(/\\(.)|(''|"")/gs, (whole, escaped: string | undefined) => {
    if (escaped !== undefined) return ESCAPES[escaped] ?? escaped;
    return whole === quote + quote ? quote : whole;
  });
};
