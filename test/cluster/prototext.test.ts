import { create, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePrototext, printPrototext, type TextMessage } from "../../src/cluster/prototext.js";
import { parseStreamSource } from "../../src/cluster/stream-source.js";
import { BinlogSourceSchema, OnDDLAction } from "../../src/proto/gen/binlogdata_pb.js";

const parsed = (text: string): TextMessage => {
  const outcome = parsePrototext(text);
  if (outcome.kind === "unanswered") throw new Error(`${outcome.message}: ${text}`);
  return outcome.value;
};

const bytesOf = (text: string): readonly number[] => {
  const [field] = parsed(`a:${text}`);
  return field?.value.kind === "string" ? [...field.value.bytes] : [];
};

const fault = (text: string): string => {
  const outcome = parsePrototext(text);
  return outcome.kind === "unanswered" ? outcome.message : "accepted";
};

describe("the grammar (docs/vitess.md#prototext-grammar)", () => {
  test.each([
    ['keyspace:"ks" shard:"0"', 'keyspace:"ks" shard:"0"'],
    [
      'keyspace:"ks",shard:"0",filter:{rules:{match:"t1"}}',
      'keyspace:"ks" shard:"0" filter:{rules:{match:"t1"}}',
    ],
    ['keyspace:"ks";  shard:"0";', 'keyspace:"ks" shard:"0"'],
    ["filter<rules<match:'t'>>", 'filter:{rules:{match:"t"}}'],
    ["filter {rules{match:'t'}}", 'filter:{rules:{match:"t"}}'],
    ["tables:['a', \"b\"] tables:[]", 'tables:"a" tables:"b"'],
    ['a:"one" \'two\'\n"three"', 'a:"onetwothree"'],
    ["# a comment\na:1 # another\n b:2", "a:1 b:2"],
    ["a:-0x1F b:017 c:- 5 d:1.5e-3f e:.5 f:-inf g:nan", "a:-0x1F b:017 c:- 5 d:1.5e-3f e:.5 f:-inf g:nan"],
    ["on_ddl:EXEC stop_after_copy:true", "on_ddl:EXEC stop_after_copy:true"],
    ["12:7", "12:7"],
    ["", ""],
    [" \t\n", ""],
  ])("%s", (text, canonical) => {
    expect(printPrototext(parsed(text))).toBe(canonical);
  });

  test.each([
    [String.raw`"\a\b\f\n\r\t\v\?\\\'\""`, [7, 8, 12, 10, 13, 9, 11, 63, 92, 39, 34]],
    [String.raw`"\0\17\377\x8\x80"`, [0, 15, 255, 8, 128]],
    [String.raw`"\u00e9\U0001F600\ud83d\ude00"`, [...Buffer.from("é😀😀")]],
    ['"é😀"', [...Buffer.from("é😀")]],
    ["'it\"s'", [...Buffer.from('it"s')]],
    ['""', []],
  ])("escapes in %s are bytes", (literal, bytes) => {
    expect(bytesOf(literal)).toEqual(bytes);
  });

  test.each([
    ['a:"raw\nnewline"', "unexpected '\"raw newline\"' at character 2"],
    ['a:"open', "unexpected '\"open' at character 2"],
    ['a:"\0"', /^unexpected/],
    [String.raw`a:"\q"`, String.raw`bad escape '\q' in the string at character 2`],
    [String.raw`a:"\xg"`, /bad escape/],
    [String.raw`a:"\400"`, /bad escape/],
    [String.raw`a:"\ud83d"`, /bad escape/],
    [String.raw`a:"\U00110000"`, /bad escape/],
    ["a 1", "expected ':' at character 2, found '1'"],
    ["a:", "expected a value at character 2, found the end"],
    ["a:{b:1", "expected a field name or '}' at character 6, found the end"],
    ["a:{b:1>", "expected a field name or '}' at character 6, found '>'"],
    ["a:[1 2]", "expected ',' or ']' at character 5, found '2'"],
    ["a:1}", "expected a field name at character 3, found '}'"],
    ["a:1,,b:2", /^expected a field name/],
    ["a:1x", /^unexpected '1x'/],
    [`${"a{".repeat(5000)}${"}".repeat(5000)}`, "messages nested deeper than 200"],
  ])("%j is refused", (text, message) => {
    if (typeof message === "string") expect(fault(text)).toBe(message);
    else expect(fault(text)).toMatch(message);
  });
});

const word = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
const bytes = fc.uint8Array({ maxLength: 12 });
const { message } = fc.letrec<{ message: TextMessage; value: TextMessage[number]["value"] }>((tie) => ({
  message: fc.array(fc.record({ name: word, value: tie("value") }), { maxLength: 4 }),
  value: fc.oneof(
    { depthSize: "small" },
    bytes.map((value) => ({ kind: "string" as const, bytes: value })),
    fc
      .string({ unit: "binary" })
      .map((text) => ({ kind: "string" as const, bytes: new TextEncoder().encode(text) })),
    fc.integer().map((value) => ({ kind: "number" as const, literal: String(value) })),
    word.map((name) => ({ kind: "name" as const, name })),
    tie("message").map((fields) => ({ kind: "message" as const, fields })),
  ),
}));

describe("laws", () => {
  test("what is printed reads back as the same message", () => {
    fc.assert(
      fc.property(message, (fields) => {
        expect(parsed(printPrototext(fields))).toEqual(fields);
      }),
    );
  });

  test("blanks, separators and brackets mean nothing", () => {
    const blank = fc.constantFrom(" ", "  ", "\n", "\t", " # note }\n ", "\r\n");
    const style = fc.infiniteStream(
      fc.tuple(blank, fc.constantFrom("", ",", ";"), fc.boolean(), fc.boolean()),
    );
    fc.assert(
      fc.property(message, style, (fields, styles) => {
        expect(parsed(printedIn(fields, styles))).toEqual(fields);
      }),
    );
  });

  test("no text ends in anything but a message or a sentence", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."ab:{}<>[],;\"'\\x0 #\n") })),
        (text) => {
          const outcome = parsePrototext(text);
          if (outcome.kind === "unanswered") expect(outcome.message).not.toBe("");
          else
            expect(printPrototext(parsed(printPrototext(outcome.value)))).toBe(printPrototext(outcome.value));
        },
      ),
      { numRuns: 500 },
    );
  });
});

type Style = readonly [blank: string, separator: string, angles: boolean, colon: boolean];

/** The same message in another of the forms that protobuf-go accepts. */
const printedIn = (fields: TextMessage, styles: Iterator<Style>): string =>
  fields
    .map(({ name, value }) => {
      const [blank, separator, angles, colon] = styles.next().value as Style;
      const end = `${blank}${separator}${blank}`;
      if (value.kind !== "message")
        return `${printPrototext([{ name, value }]).replace(":", `${blank}:${blank}`)}${end}`;
      const inside = printedIn(value.fields, styles);
      const [open, close] = angles ? ["<", ">"] : ["{", "}"];
      return `${name}${colon ? ":" : ""}${blank}${open}${inside}${blank}${close}${end}`;
    })
    .join("");

/** protobuf-go's text of a message, by reflection over the generated schema; our own parser has no part in it. */
const textOf = (reflected: ReflectMessage): TextMessage =>
  reflected.fields.flatMap((field) => {
    if (!reflected.isSet(field)) return [];
    const value: unknown = reflected.get(field);
    const values = field.fieldKind === "list" ? [...(value as Iterable<unknown>)] : [value];
    return values.map((item) => ({ name: field.name, value: textValue(field, item) }));
  });

const textValue = (field: DescField, item: unknown): TextMessage[number]["value"] => {
  if (field.message !== undefined) return { kind: "message", fields: textOf(item as ReflectMessage) };
  if (field.enum !== undefined) return { kind: "name", name: field.enum.value[Number(item)]?.name ?? "" };
  if (typeof item === "boolean") return { kind: "name", name: String(item) };
  if (item instanceof Uint8Array) return { kind: "string", bytes: item };
  return typeof item === "string"
    ? { kind: "string", bytes: new TextEncoder().encode(item) }
    : { kind: "number", literal: String(item) };
};

const prototextOf = <Desc extends DescMessage>(schema: Desc, value: MessageShape<Desc>): string =>
  printPrototext(textOf(reflect(schema, value)));

test("a BinlogSource in text reads as the message that was written", () => {
  const text = fc.string({ unit: "binary" }).filter((value) => !/[\ud800-\udfff]/.test(value));
  const rule = fc.record({ match: text, filter: text });
  const source = fc.record({
    keyspace: text,
    shard: text,
    onDdl: fc.constantFrom(OnDDLAction.IGNORE, OnDDLAction.STOP, OnDDLAction.EXEC, OnDDLAction.EXEC_IGNORE),
    stopAfterCopy: fc.boolean(),
    externalMysql: text,
    externalCluster: text,
    rules: fc.array(rule, { maxLength: 3 }),
    keyRange: fc.option(fc.record({ start: bytes, end: bytes }), { nil: undefined }),
  });
  fc.assert(
    fc.property(source, ({ rules, keyRange, ...rest }) => {
      const written = create(BinlogSourceSchema, {
        ...rest,
        filter: { rules },
        ...(keyRange === undefined ? {} : { keyRange }),
      });
      expect(parseStreamSource(prototextOf(BinlogSourceSchema, written))).toEqual({
        kind: "answered",
        value: { ...rest, onDdl: OnDDLAction[rest.onDdl], rules },
      });
    }),
  );
});
