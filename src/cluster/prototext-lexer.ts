import { answered, type Outcome, unanswered } from "./outcome.js";
import { unescapeLiteral } from "./prototext-string.js";

/** `at` counts characters from 0. A string's `text` is its literal with quotes, its `bytes` what it stands for. */
export type Token =
  | { readonly kind: "mark" | "name" | "number" | "end"; readonly text: string; readonly at: number }
  | { readonly kind: "string"; readonly text: string; readonly at: number; readonly bytes: Uint8Array };

const BLANK = /(?:[ \t\r\n\v\f]|#[^\n]*)+/y;
/** A sign may stand apart from its number, and `-inf` and `-nan` are numbers too (protobuf-go, decode_number.go and decode.go). */
const NUMBER =
  /(?:-\s*)?(?:0x[0-9a-f]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?f?)(?![\w.])|-\s*(?:infinity|inf|nan)(?!\w)/iy;
/** A raw newline or NUL inside a string is an error: the literal does not match. */
const STRING = /"(?:[^"\\\n\0]|\\[^\n\0])*"|'(?:[^'\\\n\0]|\\[^\n\0])*'/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const MARK = /[{}<>[\],;:]/y;

/** Splits protobuf text format into tokens (docs/vitess.md#prototext-grammar); the last one is `end`. */
export const lexPrototext = (text: string): Outcome<readonly Token[]> => {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    at += match(BLANK)?.length ?? 0;
    if (at === text.length) break;
    const literal = match(STRING);
    if (literal !== undefined) {
      const bytes = unescapeLiteral(literal.slice(1, -1));
      if (bytes.kind === "unanswered")
        return unanswered("failed", `${bytes.message} in the string at character ${at}`);
      tokens.push({ kind: "string", text: literal, at, bytes: bytes.value });
      at += literal.length;
      continue;
    }
    const token = plainToken(match, at);
    if (token === null) {
      return unanswered("failed", `unexpected '${text.slice(at, at + 20)}' at character ${at}`);
    }
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: "end", text: "", at });
  return answered(tokens);
};

const PLAIN = [
  ["number", NUMBER],
  ["name", NAME],
  ["mark", MARK],
] as const;

const plainToken = (match: (pattern: RegExp) => string | undefined, at: number): Token | null => {
  for (const [kind, pattern] of PLAIN) {
    const text = match(pattern);
    if (text !== undefined) return { kind, text, at };
  }
  return null;
};
