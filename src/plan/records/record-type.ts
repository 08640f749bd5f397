import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { encoder } from "../../topology/records.js";
import type { Fields, ValuesOf } from "../fields.js";
import type { StepClass } from "../kind.js";
import type { Shape } from "../named-key.js";
import type { Merge } from "./three-way.js";

/** The bytes of a record, base64; null: there is no such key. */
export type Bytes = string | null;

/** What is made of one record; all that is said of it is told from these bytes. */
export interface Change<R extends { readonly kind: string } = { readonly kind: string }> {
  readonly record: R;
  readonly before: Bytes;
  readonly after: Bytes;
}

/** One field of a record that an edit is told and merged in parts of; the others are whole. */
interface Part<S, V> {
  /** What an edit does to it, as verbs; empty where there are no words for that. */
  readonly changes: (of: S, before: V, after: V) => readonly string[];
  /** What of it an edit changes, as a noun. */
  readonly what: (of: S, before: V, after: V) => string;
  readonly merge: Merge<V>;
}

/** All that a plan knows of one type of record in the topology; `write.ts` does the rest for every type. */
export interface RecordType<K extends string, F extends Fields, D extends DescMessage> {
  readonly kind: K;
  /** What tells its records apart. */
  readonly scope: F;
  readonly schema: D;
  /** What its key must be. */
  readonly key: (of: ValuesOf<F>) => Shape;
  readonly name: (of: ValuesOf<F>) => string;
  /** For the ids of steps. */
  readonly subject: (of: ValuesOf<F>) => string;
  readonly parts: { readonly [M in keyof MessageShape<D>]?: Part<ValuesOf<F>, MessageShape<D>[M]> };
  /** `empty`: Vitess deletes the key when nothing is left in the record, so that no key and an empty record are the same. */
  readonly absent: "empty" | "absent";
  /** What a new record says, behind `creates NAME`. */
  readonly says?: (record: MessageShape<D>) => string;
  /** The consent that an edit needs; null: there is no such key. Without it: `confirm`. */
  readonly consent?: (before: MessageShape<D> | null, after: MessageShape<D> | null) => StepClass;
}

export const recordType = <const K extends string, F extends Fields, D extends DescMessage>(
  declared: RecordType<K, F, D>,
): RecordType<K, F, D> => declared;

/** A record as Vitess writes one of its type: where nothing is left of one that is nothing without it, the key goes. */
export const written = <D extends DescMessage>(
  { schema, absent }: { readonly schema: D; readonly absent: "empty" | "absent" },
  record: MessageShape<D>,
): Bytes => {
  const bytes = Buffer.from(encoder(schema)(record)).toString("base64");
  return bytes === "" && absent === "empty" ? null : bytes;
};

/** The same where the compiler does not know which type it is. */
export interface AnyRecordType<S>
  extends Pick<RecordType<string, Fields, DescMessage>, "scope" | "schema" | "absent"> {
  readonly key: (of: S) => Shape;
  readonly name: (of: S) => string;
  readonly subject: (of: S) => string;
  readonly parts: Readonly<Record<string, Part<S, unknown> | undefined>>;
  readonly says?: (record: Message) => string;
  readonly consent?: (before: Message | null, after: Message | null) => StepClass;
}
