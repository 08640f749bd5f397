import type { Compare, TxnOp } from "../topology/store.js";
import type { RunContext } from "./run-context.js";
import { type Refused, refused, type Silent, silent } from "./verdict.js";

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
