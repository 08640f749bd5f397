import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import type { Outcome } from "../../cluster/outcome.js";
import { decoder } from "../../topology/records.js";
import type { StepClass } from "../kind.js";
import { type RecordName, typeOf } from "./record-registry.js";
import { type AnyRecordType, type Bytes, type Change, sameRecord, written } from "./record-type.js";

export type RecordChange = Change<RecordName>;

type Type = AnyRecordType<RecordName>;
type Fields = Readonly<Record<string, unknown>>;

/** What it does, as verbs: `takes "t" off the denied tables of customer/0`. */
export const changesOf = (change: RecordChange): readonly string[] => {
  const type = typeOf(change.record);
  const [before, after] = [read(change.record, change.before), read(change.record, change.after)];
  const name = type.name(change.record);
  if (before.kind === "unanswered" || after.kind === "unanswered")
    return [`writes bytes that can not be read into ${name}`];
  const said = (record: Message): string => type.says?.(record) ?? "";
  if (after.value === null) {
    const lost = before.value === null ? "" : said(before.value);
    return [`deletes ${name}${lost === "" ? "" : `, by which ${lost}`}`];
  }
  if (before.value === null) {
    const says = said(after.value);
    return [`creates ${name}${says === "" ? "" : `: ${says}`}`];
  }
  const parts = differingParts(type, before.value, after.value);
  if (parts.length === 0 && change.after !== null) return [`leaves ${name} as it is`];
  const told = parts.map((part) => {
    const [old, now] = [fieldOf(before.value, part), fieldOf(after.value, part)];
    const words = type.parts[part]?.changes(change.record, old, now) ?? [];
    return { part, words };
  });
  const others = told.flatMap(({ part, words }) => (words.length === 0 ? [part] : []));
  return [
    ...told.flatMap(({ words }) => words),
    ...(others.length === 0 ? [] : [`changes ${others.map(wordOf).join(", ")} of ${name}`]),
    ...(change.after === null ? ["deletes the record, as nothing else is in it"] : []),
  ];
};

/** What of it is changed, as a noun: `the denied tables t of customer/0`. */
export const subjectOfChange = (change: RecordChange): string => {
  const type = typeOf(change.record);
  const [before, after] = [read(change.record, change.before), read(change.record, change.after)];
  const name = type.name(change.record);
  if (before.kind === "unanswered" || after.kind === "unanswered") return name;
  if (before.value === null || after.value === null) return name;
  const nouns = differingParts(type, before.value, after.value).flatMap((part) => {
    const [old, now] = [fieldOf(before.value, part), fieldOf(after.value, part)];
    return type.parts[part]?.what(change.record, old, now) ?? [];
  });
  return nouns.length === 0 ? name : nouns.join(" and ");
};

/** Whether all its bytes are a record of its type. */
export const isReadable = ({ record, before, after }: RecordChange): boolean =>
  [before, after].every((bytes) => read(record, bytes).kind === "answered");

export const consentOf = (change: RecordChange): StepClass => {
  const type = typeOf(change.record);
  const [before, after] = [read(change.record, change.before), read(change.record, change.after)];
  if (before.kind === "unanswered" || after.kind === "unanswered") return "confirm";
  return type.consent?.(before.value, after.value) ?? "confirm";
};

export const isSameRecord = (record: RecordName, one: Bytes, other: Bytes): boolean => {
  if (one === other) return true;
  const [left, right] = [read(record, one), read(record, other)];
  return left.kind === "answered" && right.kind === "answered" && isSame(record, left.value, right.value);
};

export type MergedRecord =
  /** The change is in it already. */
  | { readonly kind: "as-wanted" }
  | { readonly kind: "put"; readonly value: Bytes }
  | { readonly kind: "conflict"; readonly reason: string };

const CHANGED: MergedRecord = { kind: "conflict", reason: "it was changed after the run" };

/** Takes exactly this change back from what the record is now; whatever else others wrote in it stays. */
export const mergeBack = ({ record, before, after }: RecordChange, now: Bytes): MergedRecord =>
  mergeChange({ record, before: after, after: before }, now);

/** Makes the change in a record that is not, or may not be, as it was before it. */
export const mergeChange = ({ record, before: from, after: to }: RecordChange, now: Bytes): MergedRecord => {
  if (now === to) return { kind: "as-wanted" };
  if (now === from) return { kind: "put", value: to };
  const [old, wanted, there] = [read(record, from), read(record, to), read(record, now)];
  if (old.kind === "unanswered" || wanted.kind === "unanswered" || there.kind === "unanswered")
    return CHANGED;
  if (isSame(record, there.value, wanted.value)) return { kind: "as-wanted" };
  if (isSame(record, there.value, old.value)) return { kind: "put", value: to };
  if (old.value === null || wanted.value === null || there.value === null) return CHANGED;
  // A change that the type can not make again in the record that it was made in, it can not make in another one.
  const again = merged(record, old.value, wanted.value, old.value);
  if (typeof again === "string" || !isSame(record, again, wanted.value)) return CHANGED;
  const value = merged(record, old.value, wanted.value, there.value);
  if (typeof value === "string") return { kind: "conflict", reason: value };
  return value === there.value
    ? { kind: "as-wanted" }
    : { kind: "put", value: written(typeOf(record), value) };
};

/** Field by field; `now` itself where nothing is to be done; a text: what somebody else changed in the same place. */
const merged = (record: RecordName, from: Message, to: Message, now: Message): Message | string => {
  const type = typeOf(record);
  let value = now;
  for (const part of differingParts(type, from, to)) {
    const [old, wanted, there] = [fieldOf(from, part), fieldOf(to, part), fieldOf(now, part)];
    const merge = type.parts[part]?.merge;
    if (merge !== undefined) {
      const one = merge(old, wanted, there);
      if (one.kind === "clash") return one.reason;
      if (one.value !== there) value = { ...value, [part]: one.value };
    } else if (!isSameField(type, part, now, to)) {
      if (!isSameField(type, part, now, from)) return `${wordOf(part)} was changed since`;
      value = { ...value, [part]: wanted };
    }
  }
  return value;
};

const read = (record: RecordName, bytes: Bytes): Outcome<Message | null> => {
  const { absent, schema } = typeOf(record);
  if (bytes !== null) return decoder(schema)(Buffer.from(bytes, "base64"));
  return { kind: "answered", value: absent === "empty" ? create(schema) : null };
};

const isSame = ({ kind, ...scope }: RecordName, one: Message | null, other: Message | null): boolean => {
  if (one === null || other === null) return one === other;
  return sameRecord(typeOf({ kind, ...scope } as RecordName).schema, one, other);
};

/** What came from a Vitess that knows more fields than this vtdoctor. */
const UNKNOWN = "$unknown";

const differingParts = (type: Type, one: Message, other: Message): readonly string[] =>
  [...type.schema.members.map(({ localName }) => localName), UNKNOWN].filter(
    (part) => !isSameField(type, part, one, other),
  );

const isSameField = ({ schema }: Type, part: string, one: Message, other: Message): boolean =>
  sameRecord(schema, only(schema, part, one), only(schema, part, other));

const only = (schema: DescMessage, part: string, message: Message): Message => {
  const value = fieldOf(message, part);
  return value === undefined ? create(schema) : { ...create(schema), [part]: value };
};

const fieldOf = (message: Message | null, part: string): unknown =>
  (message as unknown as Fields | null)?.[part];

const wordOf = (part: string): string => (part === UNKNOWN ? "what is not known" : part);
