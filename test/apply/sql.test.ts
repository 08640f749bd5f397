import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { qualified, sqlName, sqlString } from "../../src/apply/mysql/sql.js";

/** As Vitess's tokenizer reads it (go/vt/sqlparser/token.go scanString, decodeMap). */
function readString(literal: string): string {
  const decoded: Record<string, string> = { "0": "\0", b: "\b", n: "\n", r: "\r", t: "\t", Z: "\x1a" };
  let text = "";
  for (let at = 1; at < literal.length; at++) {
    const character = literal.charAt(at);
    if (character === "'") {
      expect(at).toBe(literal.length - 1);
      return text;
    }
    if (character !== "\\") text += character;
    else {
      at += 1;
      text += decoded[literal.charAt(at)] ?? literal.charAt(at);
    }
  }
  throw new Error(`not ended: ${literal}`);
}

describe("literals", () => {
  it("are read back as they were meant, and end where they end", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(readString(sqlString(text))).toBe(text);
      }),
    );
  });

  it("escape quotes and backslashes", () => {
    expect(sqlString(`o're\\il"ly`)).toBe(`'o\\'re\\\\il\\"ly'`);
  });
});

describe("names", () => {
  it("double their backticks", () => {
    expect(sqlName("order`s")).toBe("`order``s`");
    expect(qualified("vt_Shop_2", "order")).toBe("`vt_Shop_2`.`order`");
  });
});
