import type { Outcome } from "../cluster/outcome.js";
import type { KeyImage } from "../plan/past-run.js";
import type { Entry } from "../topology/store.js";
import type { RunContext } from "./run-context.js";
import { type KeyRef, unchanged, writeFenced } from "./topo-write.js";
import { done, type Effect, type Known, known, type Refused, refused, silent } from "./verdict.js";

/**
 * Changes one existing record by compare-and-set: the fields it means, and every other field as it was (docs/decisions.md#d4,
 * docs/decisions.md#d15).
 */
export interface RecordEdit<R> {
  readonly decode: (bytes: Uint8Array) => Outcome<R>;
  /** What it should be; a refusal where it must not be changed. */
  readonly edit: (record: R) => EditedRecord;
  /** Whether a key that does not exist is the end state. */
  readonly absentIsDone: boolean;
  readonly doneWords: string;
}

export type EditedRecord =
  | { readonly kind: "as-it-should-be" }
  | { readonly kind: "put"; readonly value: Uint8Array }
  | { readonly kind: "delete" }
  | { readonly kind: "refused"; readonly reason: string };

/** What it is aimed at. `modRevision`: the revision that the plan read. */
interface Target extends KeyRef {
  readonly modRevision: number;
}

/** What an edit finds. */
export interface EditSight {
  /** Null: the key does not exist. */
  readonly entry: Entry | null;
  readonly edited: EditedRecord;
}

/** What every step that edits one record has in common; its way back is the record as it was. The guards are the kind's. */
export const recordEdit = <S extends Target, R>(editOf: (step: S) => RecordEdit<R>) => ({
  image: async (step: S, context: RunContext): Promise<Known<unknown>> => {
    const [image, seen] = [await imageOfKey(step, context), await seeEdit(step, editOf(step), context)];
    if (image.kind !== "known" || seen.kind !== "known") return image;
    const { edited } = seen.value;
    // With what it becomes an undo knows whether anybody wrote since.
    if (edited.kind !== "put" && edited.kind !== "delete") return image;
    return known({ ...image.value, becomes: edited.kind === "put" ? base64(edited.value) : null });
  },
  look: (step: S, context: RunContext): Promise<Known<EditSight>> => seeEdit(step, editOf(step), context),
  ended: (step: S, { edited }: EditSight): string | null =>
    edited.kind === "as-it-should-be" ? editOf(step).doneWords : null,
  run: async (step: S, context: RunContext): Promise<Effect> => {
    const seen = await seeEdit(step, editOf(step), context);
    if (seen.kind !== "known") return seen;
    const { entry, edited } = seen.value;
    if (edited.kind === "as-it-should-be") return done(editOf(step).doneWords);
    if (edited.kind === "refused") return refused(edited.reason);
    const stop = movedOn(step, seen.value);
    if (stop !== null || entry === null) return stop ?? refused(movedWords(step.key));
    const failed = await writeFenced(context, {
      server: step.server,
      compares: [unchanged(step.key, entry.modRevision)],
      operations: [
        edited.kind === "put"
          ? { kind: "put", key: step.key, value: edited.value }
          : { kind: "delete", key: step.key },
      ],
      movedWords: movedWords(step.key),
    });
    return failed ?? done(editOf(step).doneWords);
  },
});

/** The guard `unchanged`. */
export const movedOn = (at: Target, { entry }: EditSight): Refused | null => {
  if (entry === null) return refused(`${at.key} does not exist any more`);
  return entry.modRevision === at.modRevision ? null : refused(movedWords(at.key));
};

async function seeEdit<R>(at: Target, edit: RecordEdit<R>, context: RunContext): Promise<Known<EditSight>> {
  const got = await context.ports.store(at.server).get(at.key);
  if (got.kind === "unanswered") return silent(at.server, got);
  const { entry } = got.value;
  if (entry === null)
    return known({ entry, edited: edit.absentIsDone ? { kind: "as-it-should-be" } : { kind: "delete" } });
  const record = edit.decode(entry.value);
  if (record.kind === "unanswered") return refused(`${at.key} can not be decoded: ${record.message}`);
  return known({ entry, edited: edit.edit(record.value) });
}

const movedWords = (key: string): string => `${key} was changed since the plan was made; plan anew`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The image of a key for `before/`; bytes are base64. */
export async function imageOfKey(at: KeyRef, context: RunContext): Promise<Known<KeyImage>> {
  const got = await context.ports.store(at.server).get(at.key);
  if (got.kind === "unanswered") return silent(at.server, got);
  const entry = got.value.entry;
  return known({
    server: at.server,
    key: at.key,
    modRevision: entry?.modRevision ?? 0,
    value: entry === null ? null : base64(entry.value),
  });
}
