import { answered, type Outcome, unanswered } from "./outcome.js";

/** A surrogate pair comes as two `\u`, and only as a pair. */
const ESCAPE =
  /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(["'\\?abfnrtv])|)/g;
const LETTERS: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const UTF8 = new TextEncoder();

/**
 * What the inside of a literal stands for, as bytes (docs/vitess.md#prototext-grammar); `failed` for an escape that the format does not
 * know.
 */
export const unescapeLiteral = (inside: string): Outcome<Uint8Array> => {
  if (!inside.includes("\\")) return answered(UTF8.encode(inside));
  const parts: Uint8Array[] = [];
  let rest = 0;
  for (const match of inside.matchAll(ESCAPE)) {
    const bytes = escaped(match);
    if (bytes === null) {
      return unanswered("failed", `bad escape '${inside.slice(match.index, match.index + 2)}'`);
    }
    parts.push(UTF8.encode(inside.slice(rest, match.index)), bytes);
    rest = match.index + match[0].length;
  }
  parts.push(UTF8.encode(inside.slice(rest)));
  return answered(new Uint8Array(Buffer.concat(parts)));
};

const escaped = ([, octal, hex, high, low, u4, u8, letter]: RegExpExecArray): Uint8Array | null => {
  if (octal !== undefined) return byte(Number.parseInt(octal, 8));
  if (hex !== undefined) return byte(Number.parseInt(hex, 16));
  if (high !== undefined && low !== undefined) {
    return UTF8.encode(String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)));
  }
  if (letter !== undefined) return byte(LETTERS[letter] ?? letter.charCodeAt(0));
  const code = u4 ?? u8;
  return code === undefined ? null : codePoint(Number.parseInt(code, 16));
};

const byte = (value: number): Uint8Array | null => (value > 255 ? null : Uint8Array.of(value));

const codePoint = (code: number): Uint8Array | null =>
  code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? null : UTF8.encode(String.fromCodePoint(code));

/**
 * A literal as protobuf-go prints it (docs/vitess.md#prototext-printing): escapes only for quotes, backslashes, controls, and for bytes
 * that are no UTF-8.
 */
export const printLiteral = (bytes: Uint8Array): string => {
  let text = "";
  for (const piece of utf8Pieces(bytes)) {
    text += typeof piece === "string" ? piece.replace(SPECIAL, escapeCharacter) : hexEscape(piece);
  }
  return `"${text}"`;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what has to be escaped
const SPECIAL = /["\\\u0000-\u001f\u007f-\u009f]/g;

const escapeCharacter = (character: string): string => {
  const code = character.charCodeAt(0);
  const letter = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  if (letter !== undefined) return letter;
  return code < 0x80 ? hexEscape(code) : `\\u${code.toString(16).padStart(4, "0")}`;
};

const hexEscape = (value: number): string => `\\x${value.toString(16).padStart(2, "0")}`;

/** Runs of valid UTF-8 as text, and each byte outside of them as a number. */
const utf8Pieces = (bytes: Uint8Array): readonly (string | number)[] => {
  const whole = decodeUtf8(bytes);
  if (whole !== null) return [whole];
  const pieces: (string | number)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((size) => decodeUtf8(bytes.subarray(at, at + size)) !== null);
    pieces.push(decodeUtf8(bytes.subarray(at, at + (length ?? 0))) || (bytes[at] ?? 0));
    at += length ?? 1;
  }
  return pieces;
};

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null where the bytes are no UTF-8. */
export const decodeUtf8 = (bytes: Uint8Array): string | null => {
  try {
    return STRICT.decode(bytes);
  } catch {
    return null;
  }
};
