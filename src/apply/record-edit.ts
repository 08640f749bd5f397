import type { Outcome } from "../cluster/outcome.js";
import type { KeyImage } from "../plan/past-run.js";
import type { Entry } from "../topology/store.js";
import type { Inverse } from "./inverse.js";
import type { Site } from "./site.js";
import type { KeyRef } from "./topo-write.js";
import { unchanged, writeFenced } from "./topo-write.js";
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

/** Changes one existing record by compare-and-set: the fields it means, and every other field as it was (design D4, D15). */
export interface RecordEdit<R> extends KeyRef {
  /** The revision that the plan read. */
  readonly modRevision: number;
  readonly decode: (bytes: Uint8Array) => Outcome<R>;
  /** The record as it should be; null: it is so already. A refusal where it must not be changed. */
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

type Judged =
  | Exclude<Check, { kind: "ready" }>
  | { readonly kind: "change"; readonly entry: Entry; readonly edited: EditedRecord };

export async function checkEdit<R>(edit: RecordEdit<R>, site: Site): Promise<Check> {
  const judged = await judge(edit, site);
  return judged.kind === "change" ? READY : judged;
}

export async function runEdit<R>(edit: RecordEdit<R>, site: Site): Promise<Effect> {
  const judged = await judge(edit, site);
  if (judged.kind === "done-already") return done(judged.said);
  if (judged.kind !== "change") return judged;
  const { entry, edited } = judged;
  const failed = await writeFenced(site, {
    server: edit.server,
    compares: [unchanged(edit.key, entry.modRevision)],
    operations: [
      edited.kind === "put"
        ? { kind: "put", key: edit.key, value: edited.value }
        : { kind: "delete", key: edit.key },
    ],
    movedWords: movedWords(edit.key),
  });
  return failed ?? done(edit.doneWords);
}

async function judge<R>(edit: RecordEdit<R>, site: Site): Promise<Judged> {
  const got = await site.world.store(edit.server).get(edit.key);
  if (got.kind === "unanswered") return silent(edit.server, got);
  const entry = got.value.entry;
  if (entry === null) {
    return edit.absentIsDone ? doneAlready(edit.doneWords) : refused(`${edit.key} does not exist any more`);
  }
  const record = edit.decode(entry.value);
  if (record.kind === "unanswered") return refused(`${edit.key} can not be decoded: ${record.message}`);
  const edited = edit.edit(record.value);
  if (edited.kind === "refused") return refused(edited.reason);
  if (edited.kind === "as-it-should-be") return doneAlready(edit.doneWords);
  if (entry.modRevision !== edit.modRevision) return refused(movedWords(edit.key));
  return { kind: "change", entry, edited };
}

const movedWords = (key: string): string => `${key} was changed since the plan was made; plan anew`;

/** The image of a record that is edited, with what it becomes: an undo knows by it whether anybody wrote since. */
export async function imageOfEdit<R>(edit: RecordEdit<R>, site: Site): Promise<Known<unknown>> {
  const image = await imageOfKey(edit, site);
  if (image.kind !== "known") return image;
  const judged = await judge(edit, site);
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

export const putBack = (at: KeyRef): Inverse => ({ kind: "put-key-back", server: at.server, key: at.key });
