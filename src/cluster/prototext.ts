import { answered, type Outcome, unanswered } from "./outcome.js";
import { lexPrototext, type Token } from "./prototext-lexer.js";
import { printLiteral } from "./prototext-string.js";

/** A message in protobuf's text format: its fields in the order of the text, a repeated field once per item. */
export type TextMessage = readonly TextField[];

interface TextField {
  /** The field's name; digits where `String()` printed a field that the writer did not know (docs/vitess.md#prototext). */
  readonly name: string;
  readonly value: TextValue;
}

/** Strings are bytes, since `bytes` and `string` fields share one syntax; numbers keep their literal, for 64 bits do not fit a number. */
export type TextValue =
  | { readonly kind: "string"; readonly bytes: Uint8Array }
  | { readonly kind: "number"; readonly literal: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "message"; readonly fields: TextMessage };

/**
 * Reads the superset of text format that protobuf-go accepts (docs/vitess.md#prototext-grammar). A malformed text is `failed`, with
 * the position of the first character that does not fit.
 */
export const parsePrototext = (text: string): Outcome<TextMessage> => {
  const tokens = lexPrototext(text);
  if (tokens.kind === "unanswered") return tokens;
  return new Parser(tokens.value).whole();
};

/** The one-line form of protobuf-go with one space between fields, whatever form was read (docs/vitess.md#prototext-printing). */
export const printPrototext = (message: TextMessage): string =>
  message.map(({ name, value }) => `${name}:${printValue(value)}`).join(" ");

const printValue = (value: TextValue): string => {
  if (value.kind === "string") return printLiteral(value.bytes);
  if (value.kind === "number") return value.literal;
  return value.kind === "name" ? value.name : `{${printPrototext(value.fields)}}`;
};

/** vttablet's own limit is 10,000; a text this deep is no stream source, and would end our stack. */
const MAX_DEPTH = 200;

class Parser {
  #at = 0;
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Outcome<TextMessage> {
    const fields = this.#fields(0);
    if (fields.kind === "unanswered" || this.#peek().kind === "end") return fields;
    return this.#unexpected("a field name");
  }

  #fields(depth: number): Outcome<TextMessage> {
    const fields: TextField[] = [];
    while (this.#peek().kind === "name" || this.#peek().kind === "number") {
      const name = this.#next().text;
      const colon = this.#take(":");
      if (!colon && !this.#is("{") && !this.#is("<")) return this.#unexpected("':'");
      const values = this.#is("[") ? this.#list(depth) : this.#single(depth);
      if (values.kind === "unanswered") return values;
      for (const value of values.value) fields.push({ name, value });
      if (!this.#take(",")) this.#take(";");
    }
    return answered(fields);
  }

  #single(depth: number): Outcome<readonly TextValue[]> {
    const value = this.#value(depth);
    return value.kind === "answered" ? answered([value.value]) : value;
  }

  #list(depth: number): Outcome<readonly TextValue[]> {
    this.#next();
    const items: TextValue[] = [];
    if (this.#take("]")) return answered(items);
    do {
      const item = this.#value(depth);
      if (item.kind === "unanswered") return item;
      items.push(item.value);
    } while (this.#take(","));
    return this.#take("]") ? answered(items) : this.#unexpected("',' or ']'");
  }

  #value(depth: number): Outcome<TextValue> {
    const token = this.#peek();
    if (token.kind === "string") return answered({ kind: "string", bytes: this.#literals() });
    if (token.kind === "number") return answered({ kind: "number", literal: this.#next().text });
    if (token.kind === "name") return answered({ kind: "name", name: this.#next().text });
    for (const [open, close] of BRACKETS) if (this.#take(open)) return this.#message(close, depth + 1);
    return this.#unexpected("a value");
  }

  #message(close: string, depth: number): Outcome<TextValue> {
    if (depth > MAX_DEPTH) return unanswered("failed", `messages nested deeper than ${MAX_DEPTH}`);
    const fields = this.#fields(depth);
    if (fields.kind === "unanswered") return fields;
    if (!this.#take(close)) return this.#unexpected(`a field name or '${close}'`);
    return answered({ kind: "message", fields: fields.value });
  }

  /** Adjacent literals are one string. */
  #literals(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let token = this.#peek(); token.kind === "string"; token = this.#peek()) {
      parts.push(token.bytes);
      this.#next();
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : new Uint8Array(Buffer.concat(parts));
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #is(mark: string): boolean {
    const token = this.#peek();
    return token.kind === "mark" && token.text === mark;
  }

  #take(mark: string): boolean {
    if (!this.#is(mark)) return false;
    this.#at += 1;
    return true;
  }

  #unexpected(wanted: string) {
    const token = this.#peek();
    const found = token.kind === "end" ? "the end" : `'${token.text.slice(0, 40)}'`;
    return unanswered("failed", `expected ${wanted} at character ${token.at}, found ${found}`);
  }
}

const BRACKETS = [
  ["{", "}"],
  ["<", ">"],
] as const;

const END: Token = { kind: "end", text: "", at: 0 };
