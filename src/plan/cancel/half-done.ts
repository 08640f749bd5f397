import { RefusedError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { FixRequest } from "../context.js";
import { type Draft, EMPTY_DRAFT, joinDrafts } from "../draft.js";
import { streamLocks } from "../recipes/orphan/locks.js";
import { orphanShard } from "../recipes/orphan-shard.js";
import { returnedShardDraft } from "../recipes/returned-shard.js";
import { deleteSteps, goneSteps, stopSteps } from "../recipes/streams-away.js";
import { streamRead } from "../view/streams.js";
import { deletes, type Parts } from "./parts.js";
import type { CancelSubject } from "./subject.js";
import { reverseRunning } from "./switched.js";

/** What may be done with the broken parts. */
export type Repairing = Pick<FixRequest, "orphans" | "stopping" | "vtctld">;

/** The rest of a half-done cancel: what it dropped is repaired as an orphan, what came back is cleared. */
export const brokenParts = (
  snapshot: Snapshot,
  subject: CancelSubject,
  { intact, dropped, returned }: Parts,
  asked: Repairing,
): Draft => {
  const shards = joinDrafts([
    orphanShard(
      snapshot,
      dropped.map(({ keyspace, shard }) => ({ keyspace, shard, finding: null })),
      asked.orphans,
      asked.stopping,
    ),
    // Whoever ends the workflow wants its streams gone from what came back, whoever had dropped it.
    ...returned.map((side) =>
      returnedShardDraft(snapshot, side, [], { ...asked, orphans: asked.orphans ?? "restore" }),
    ),
  ]);
  return intact.length > 0 ? shards : joinDrafts([shards, reverseRest(snapshot, subject, shards)]);
};

/** Reverse streams that read from targets of both kinds, where no intact target's cancel takes them along. */
const reverseRest = (snapshot: Snapshot, subject: CancelSubject, shards: Draft): Draft => {
  const running = reverseRunning(subject);
  const left = subject.reverse.filter((group) => !deletes(shards, group));
  if (left.length === 0 || shards.stages.length === 0) return EMPTY_DRAFT;
  const { keyspace, workflow } = subject;
  if (running.length > 0)
    return {
      ...EMPTY_DRAFT,
      blocked: running.map(({ fact, instead }) => ({
        object: { keyspace, workflow },
        finding: null,
        reason: fact,
        instead,
      })),
    };
  return {
    ...EMPTY_DRAFT,
    stages: [
      {
        title: `Stop and delete the reverse streams of ${keyspace}.${workflow}`,
        locks: streamLocks(snapshot, [], left),
        steps: [
          ...stopSteps(snapshot, left, () => false),
          ...deleteSteps(snapshot, left),
          ...goneSteps(snapshot, left),
        ],
      },
    ],
    reads: left.map((group) => streamRead(snapshot, group)),
  };
};

/** Nothing is dropped from the intact targets unless the streams of the broken ones can be stopped too. */
export const refuseBroken = (name: string, broken: Draft, parts: Parts): void => {
  const running = broken.blocked.filter(({ object }) =>
    parts.dropped.some(({ keyspace, shard }) => object.keyspace === keyspace && object.shard === shard),
  );
  const [first] = broken.stages.length > 0 ? running : broken.blocked;
  if (first !== undefined)
    throw new RefusedError(`${name} can not be cancelled: ${first.reason}. Instead: ${first.instead}`);
};
