import {
  createRegistry,
  type DescMessage,
  equals,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decoder, encoder } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import { base64, keyFact } from "../facts/topology.js";
import type { Fields, ValuesOf } from "../fields.js";
import type { Shape } from "../named-key.js";
import { quoted } from "../steps/text.js";

/** What becomes of `now` when the change that leads from `from` to `to` is made in it, too. */
export type Merge<V> = (from: V, to: V, now: V) => Merged<V>;

type Merged<V> =
  /** `now` itself, where the change is in it already. */
  | { readonly kind: "merged"; readonly value: V }
  /** Somebody else changed the same. */
  | { readonly kind: "clash"; readonly reason: string };

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

/** All that a plan knows of one type of record in the topology; `change.ts` does the rest for every type. */
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
  readonly consent?: (before: MessageShape<D> | null, after: MessageShape<D> | null) => "safe" | "confirm";
}

/** The same where the compiler does not know which type it is. */
export interface AnyRecordType<S>
  extends Pick<RecordType<string, Fields, DescMessage>, "scope" | "schema" | "absent"> {
  readonly key: (of: S) => Shape;
  readonly name: (of: S) => string;
  readonly subject: (of: S) => string;
  readonly parts: Readonly<Record<string, Part<S, unknown> | undefined>>;
  readonly says?: (record: Message) => string;
  readonly consent?: (before: Message | null, after: Message | null) => "safe" | "confirm";
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

/** What differs by name is told apart by it: only what the change itself touches can clash. `to` gives the order. */
export const mergeNamed =
  <T>(
    nameOf: (one: T) => string,
    isSame: (one: T, other: T) => boolean,
    clash: (names: readonly string[]) => string,
  ): Merge<T[]> =>
  (from, to, now) => {
    const named = (list: readonly T[], name: string): readonly T[] =>
      list.filter((one) => nameOf(one) === name);
    const same = (one: readonly T[], other: readonly T[]): boolean =>
      one.length === other.length && one.every((each, i) => isSame(each, other[i] as T));
    const names = [...new Set([...to, ...now].map(nameOf))];
    const open = names.filter((name) => {
      const [before, after, there] = [named(from, name), named(to, name), named(now, name)];
      return !same(before, after) && !same(there, after);
    });
    if (open.length === 0) return { kind: "merged", value: now };
    const foreign = open.filter((name) => !same(named(now, name), named(from, name)));
    if (foreign.length > 0) return { kind: "clash", reason: clash(foreign) };
    const value = names.flatMap((name) => [...named(open.includes(name) ? to : now, name)]);
    return { kind: "merged", value };
  };

/** The write of one record as the snapshot has it, with its fields changed; none where there is no such record, or nothing to change. */
export const editRecord = <K extends string, F extends Fields, D extends DescMessage>(
  snapshot: Snapshot,
  type: RecordType<K, F, D>,
  of: ValuesOf<F>,
  { server, key }: { readonly server: string; readonly key: string },
  change: (record: MessageShape<D>) => MessageShape<D>,
): readonly DraftStep[] => {
  const fact = keyFact(snapshot, server, key);
  const record = fact === null ? null : decoder(type.schema)(fact.value);
  if (fact === null || record?.kind !== "answered") return [];
  const [before, after] = [base64(fact.value), written(type, change(record.value))];
  if (after === before) return [];
  const { modRevision } = fact;
  const write = { kind: "record.write", record: { kind: type.kind, ...of }, server, key, modRevision };
  return [{ ...write, before, after } as unknown as DraftStep];
};

const NO_EXTENSIONS = createRegistry();

/** Equal in every field, also those that this vtdoctor does not know. */
export const sameRecord = <Desc extends DescMessage>(
  schema: Desc,
  one: MessageShape<Desc>,
  other: MessageShape<Desc>,
): boolean => equals(schema, one, other, { registry: NO_EXTENSIONS, unknown: true });

interface RuleWords<R> {
  /** `shard routing rules` */
  readonly rules: string;
  /** What the rule leads from: there is one rule of each. */
  readonly from: (rule: R) => string;
  /** Where it leads. */
  readonly to: (rule: R) => string;
  /** `leads queries for` */
  readonly does: string;
}

/** The field `rules` of a record. Vitess makes a map of it and writes it in any order (docs/vitess.md#rule-order). */
export const rulesPart = <D extends DescMessage>(
  schema: D,
  { rules, from, to, does }: RuleWords<MessageShape<D>>,
) => {
  type Rules = MessageShape<D>[];
  const onlyIn = (one: Rules, other: Rules): readonly string[] =>
    one
      .map(from)
      .filter((name) => !other.some((rule) => from(rule) === name))
      .sort();
  const goals = (list: Rules, name: string): string =>
    list
      .filter((rule) => from(rule) === name)
      .map(to)
      .join(", ") || "nothing";
  const turned = (before: Rules, after: Rules): readonly string[] =>
    before
      .map(from)
      .filter(
        (name) => after.some((rule) => from(rule) === name) && goals(before, name) !== goals(after, name),
      );
  return {
    changes: (_of: unknown, before: Rules, after: Rules): readonly string[] => {
      const [removed, added] = [onlyIn(before, after), onlyIn(after, before)];
      return [
        ...(removed.length === 0 ? [] : [`removes the ${rules} from ${quoted(removed)}`]),
        ...(added.length === 0 ? [] : [`adds the ${rules} from ${quoted(added)}`]),
        ...turned(before, after).map(
          (name) => `${does} \`${name}\` to ${goals(after, name)} instead of ${goals(before, name)}`,
        ),
      ];
    },
    what: (_of: unknown, before: Rules, after: Rules): string =>
      `the ${rules} from ${[...onlyIn(before, after), ...onlyIn(after, before), ...turned(before, after)].join(", ")}`,
    merge: mergeNamed<MessageShape<D>>(
      from,
      (one, other) => sameRecord(schema, one, other),
      ([name]) => `there is another rule for ${name} since`,
    ),
  };
};

/** A record without the rules that `goes` says. */
export const withoutRules =
  <R>(goes: (rule: R) => boolean) =>
  <M extends { readonly rules: R[] }>(record: M): M => ({
    ...record,
    rules: record.rules.filter((rule) => !goes(rule)),
  });
