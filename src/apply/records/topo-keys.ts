import type { KeyImage } from "../../plan/past-run.js";
import type { Compare, TxnOp } from "../../topology/store.js";
import { type Known, known, type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";

export interface KeyRef {
  readonly server: string;
  readonly key: string;
}

/** What a write needs besides the fence: the revisions that it was decided on. */
export interface FencedWrite {
  readonly server: string;
  readonly compares: readonly Compare[];
  readonly operations: readonly TxnOp[];
  /** What to say when a compare fails. */
  readonly movedWords: string;
}

/** One compare-and-set transaction under the stage's locks (docs/decisions.md#d15). Null: written. */
export async function writeFenced(context: RunContext, write: FencedWrite): Promise<Refused | Silent | null> {
  const broken = await context.fence.broken(write.server);
  if (broken !== null) return broken;
  const outcome = await context.ports.store(write.server).txn({
    compares: [...context.fence.compares(write.server), ...write.compares],
    operations: write.operations,
  });
  if (outcome.kind === "unanswered") return silent(write.server, outcome);
  if (outcome.value.succeeded) return null;
  return (await context.fence.broken(null)) ?? refused(write.movedWords);
}

export const unchanged = (key: string, modRevision: number): Compare => ({
  key,
  target: "mod",
  equals: modRevision,
});

/** etcd: version 0 is a key that does not exist. */
export const absent = (key: string): Compare => ({ key, target: "version", equals: 0 });

/** The image of a key for `before/`; bytes are base64. */
export async function imageOfKey(at: KeyRef, context: RunContext): Promise<Known<KeyImage>> {
  const got = await context.ports.store(at.server).get(at.key);
  if (got.kind === "unanswered") return silent(at.server, got);
  const entry = got.value.entry;
  return known({
    server: at.server,
    key: at.key,
    modRevision: entry?.modRevision ?? 0,
    value: entry === null ? null : Buffer.from(entry.value).toString("base64"),
  });
}
