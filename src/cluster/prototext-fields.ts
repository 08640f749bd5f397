import { answered, type Outcome, unanswered } from "./outcome.js";
import { parsePrototext, type TextMessage, type TextValue } from "./prototext.js";
import { decodeUtf8 } from "./prototext-string.js";

/** How one field is read; `null`: the value does not fit its type. */
export type FieldReader<T> = (value: TextValue) => T | null;

export const asString: FieldReader<string> = (value) =>
  value.kind === "string" ? decodeUtf8(value.bytes) : null;

/** An int64 as decimal text. */
export const asInteger: FieldReader<string> = (value) => {
  if (value.kind !== "number") return null;
  const [, sign, digits] = /^(-?)\s*(0x[0-9a-f]+|[0-9]+)$/i.exec(value.literal) ?? [];
  if (digits === undefined) return null;
  const octal = /^0[0-7]+$/.test(digits);
  return `${sign === "-" && BigInt(digits) !== 0n ? "-" : ""}${BigInt(octal ? `0o${digits}` : digits)}`;
};

/** Spellings of protobuf-go's text format; numbers 0 and 1 too. */
export const asBoolean: FieldReader<boolean> = (value) => {
  const text = value.kind === "name" ? value.name : value.kind === "number" ? value.literal : "";
  if (/^(?:true|True|t|1)$/.test(text)) return true;
  return /^(?:false|False|f|0)$/.test(text) ? false : null;
};

/** An enum by its name, or by its number where the writer did not know the name. */
export const asEnum =
  (names: readonly string[]): FieldReader<string> =>
  (value) =>
    value.kind === "name"
      ? value.name
      : value.kind === "number"
        ? (names[Number(value.literal)] ?? value.literal)
        : null;

const asMessage: FieldReader<TextMessage> = (value) => (value.kind === "message" ? value.fields : null);

/** Reads the fields of one message by name, and remembers the first one that does not fit. */
export class Fields {
  #fault: string | null = null;
  readonly #message: TextMessage;

  constructor(message: TextMessage) {
    this.#message = message;
  }

  /** A singular field; absent: `otherwise`. Twice is an error in Vitess's parser as well (docs/vitess.md#prototext). */
  one<T>(name: string, read: FieldReader<T>, otherwise: T): T {
    const values = this.all(name, read);
    if (values.length > 1) this.#fault ??= `non-repeated field '${name}' is repeated`;
    return values[0] ?? otherwise;
  }

  all<T>(name: string, read: FieldReader<T>): readonly T[] {
    const found: T[] = [];
    for (const field of this.#message) {
      if (field.name !== name) continue;
      const value = read(field.value);
      if (value === null) this.#fault ??= `field '${name}' has a value of another type`;
      else found.push(value);
    }
    return found;
  }

  each<T>(name: string, read: (fields: Fields) => T): readonly T[] {
    return this.all(name, asMessage).map((message) => {
      const inner = new Fields(message);
      const value = read(inner);
      this.#fault ??= inner.fault;
      return value;
    });
  }

  /** A singular message; an absent one reads as empty. */
  nested<T>(name: string, read: (fields: Fields) => T): T {
    const inner = new Fields(this.one(name, asMessage, []));
    const value = read(inner);
    this.#fault ??= inner.fault;
    return value;
  }

  get fault(): string | null {
    return this.#fault;
  }
}

/** Parses a text and reads a message from it; any field that does not fit makes the whole text `failed`. */
export const readPrototext = <T>(text: string, read: (fields: Fields) => T): Outcome<T> => {
  const message = parsePrototext(text);
  if (message.kind === "unanswered") return message;
  const fields = new Fields(message.value);
  const value = read(fields);
  return fields.fault === null ? answered(value) : unanswered("failed", fields.fault);
};
