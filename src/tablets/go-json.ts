/**
 * JSON as Go's expvar writes it: strings and keys by `strconv.Quote`, whose `\xNN`, `\a`, `\v` and `\UNNNNNNNN` are no JSON, and
 * floats that may be NaN or infinite (docs/vitess.md#debug-vars). Throws SyntaxError where it is not that either.
 */
export function parseGoJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(
      text.replace(STRING_OR_FLOAT, (token) => (token.startsWith('"') ? plainString(token) : "null")),
    );
  }
}

const STRING_OR_FLOAT = /"(?:[^"\\]|\\.)*"|[+-]?\bInf\b|\bNaN\b/gs;

const plainString = (quoted: string): string =>
  quoted.replace(GO_ESCAPE, (whole, hex: string | undefined, long: string | undefined) => {
    if (hex !== undefined) return escaped(characterOfByte(Number.parseInt(hex, 16)));
    if (long !== undefined) return escaped(String.fromCodePoint(Number.parseInt(long, 16)));
    if (whole === "\\a") return escaped("\u0007");
    if (whole === "\\v") return escaped("\u000b");
    return whole;
  });

const GO_ESCAPE = /\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|.)/gs;

/** strconv.Quote writes `\xNN` for control characters and for single bytes that are no UTF-8. */
const characterOfByte = (byte: number): string => (byte < 0x80 ? String.fromCharCode(byte) : "\ufffd");

const escaped = (character: string): string => JSON.stringify(character).slice(1, -1);
