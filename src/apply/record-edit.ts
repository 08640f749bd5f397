import type { Outcome } from "../cluster/outcome.js";
import type { KeyImage } from "../plan/past-run.js";
import type { Entry } from "../topology/store.js";
import type { Site } from "./site.js";
import { type KeyRef, unchanged, writeFenced } from "./topo-write.js";
import {
  type Check,
  done,
  doneAlready,
  type Effect,
  type Known,
  known,
  READY,
  refused,
  silent,
} from "./verdict.js";

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

/** The runner of a step that is an edit of one record: its way back is the record as it was. */
export const recordEditor = <S extends Target, R>(editOf: (step: S) => RecordEdit<R>) => ({
  image: (step: S, site: Site) => imageOfEdit(step, editOf(step), site),
  check: (step: S, site: Site) => checkEdit(step, editOf(step), site),
  run: (step: S, site: Site) => runEdit(step, editOf(step), site),
  verify: (step: S, site: Site) => checkEdit(step, editOf(step), site),
});

type Judged =
  | Exclude<Check, { kind: "ready" }>
  | { readonly kind: "change"; readonly entry: Entry; readonly edited: EditedRecord };

async function checkEdit<R>(at: Target, edit: RecordEdit<R>, site: Site): Promise<Check> {
  const judged = await judge(at, edit, site);
  return judged.kind === "change" ? READY : judged;
}

async function runEdit<R>(at: Target, edit: RecordEdit<R>, site: Site): Promise<Effect> {
  const judged = await judge(at, edit, site);
  if (judged.kind === "done-already") return done(judged.said);
  if (judged.kind !== "change") return judged;
  const { entry, edited } = judged;
  const failed = await writeFenced(site, {
    server: at.server,
    compares: [unchanged(at.key, entry.modRevision)],
    operations: [
      edited.kind === "put"
        ? { kind: "put", key: at.key, value: edited.value }
        : { kind: "delete", key: at.key },
    ],
    movedWords: movedWords(at.key),
  });
  return failed ?? done(edit.doneWords);
}

async function judge<R>(at: Target, edit: RecordEdit<R>, site: Site): Promise<Judged> {
  const got = await site.world.store(at.server).get(at.key);
  if (got.kind === "unanswered") return silent(at.server, got);
  const entry = got.value.entry;
  if (entry === null) {
    return edit.absentIsDone ? doneAlready(edit.doneWords) : refused(`${at.key} does not exist any more`);
  }
  const record = edit.decode(entry.value);
  if (record.kind === "unanswered") return refused(`${at.key} can not be decoded: ${record.message}`);
  const edited = edit.edit(record.value);
  if (edited.kind === "refused") return refused(edited.reason);
  if (edited.kind === "as-it-should-be") return doneAlready(edit.doneWords);
  if (entry.modRevision !== at.modRevision) return refused(movedWords(at.key));
  return { kind: "change", entry, edited };
}

const movedWords = (key: string): string => `${key} was changed since the plan was made; plan anew`;

/** The image of a record that is edited, with what it becomes: an undo knows by it whether anybody wrote since. */
async function imageOfEdit<R>(at: Target, edit: RecordEdit<R>, site: Site): Promise<Known<unknown>> {
  const image = await imageOfKey(at, site);
  if (image.kind !== "known") return image;
  const judged = await judge(at, edit, site);
  if (judged.kind !== "change") return image;
  const { edited } = judged;
  return known({ ...image.value, becomes: edited.kind === "put" ? base64(edited.value) : null });
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The image of a key for `before/`; bytes are base64. */
export async function imageOfKey(at: KeyRef, site: Site): Promise<Known<KeyImage>> {
  const got = await site.world.store(at.server).get(at.key);
  if (got.kind === "unanswered") return silent(at.server, got);
  const entry = got.value.entry;
  return known({
    server: at.server,
    key: at.key,
    modRevision: entry?.modRevision ?? 0,
    value: entry === null ? null : base64(entry.value),
  });
}
