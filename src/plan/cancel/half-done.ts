import { RefusedError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { CancelRequest } from "../context.js";
import { type Draft, joinDrafts } from "../draft.js";
import type { Blocked } from "../plan.js";
import { orphanShard } from "../recipes/orphan-shard.js";
import { returnedShard } from "../recipes/returned/inspect.js";
import { returnedShardDraft } from "../recipes/returned-shard.js";
import type { ShardRef } from "../view/shards.js";
import { shardName } from "../view/shards.js";
import { type CancelSubject, isOrphaned, type Side } from "./subject.js";

/** The targets of a workflow by what a cancel that went wrong has left of them. */
export interface Parts {
  /** As the workflow made them. */
  readonly intact: readonly Side[];
  /** Without records; their processes run. */
  readonly dropped: readonly Side[];
  /** Dropped, and brought back by a vttablet that was restarted. */
  readonly returned: readonly Side[];
}

export const partsOf = (snapshot: Snapshot, subject: CancelSubject): Parts => {
  const dropped = subject.targets.filter(isOrphaned);
  const returned = subject.targets.filter((side) => !dropped.includes(side) && cameBack(snapshot, side));
  return {
    intact: subject.targets.filter((side) => !dropped.includes(side) && !returned.includes(side)),
    dropped,
    returned,
  };
};

/** Made anew after its deletion, and not whole again: no primary, one without a record, or streams from before. */
const cameBack = (snapshot: Snapshot, side: Side): boolean => {
  const { deletion, old } = returnedShard(snapshot, side);
  if (side.record === null || deletion === null || deletion.deletedRevision > side.record.createRevision)
    return false;
  const [primary] = side.primaries;
  return primary === undefined || primary.record === "absent" || old.length > 0;
};

/** What is left of the workflow where its targets are as they were. */
export const intactPart = (subject: CancelSubject, { intact, dropped, returned }: Parts): CancelSubject => {
  const here = ({ keyspace, shard }: ShardRef): boolean =>
    intact.some((side) => side.keyspace === keyspace && side.shard === shard);
  return {
    ...subject,
    targets: intact,
    apart: [...dropped, ...returned],
    streams: subject.streams.filter(here),
    groups: subject.groups.filter(({ process }) => here(process)),
    references: subject.references.filter(({ process }) => here(process)),
  };
};

/** The rest of a half-done cancel: what it dropped is repaired as an orphan, what came back is cleared. */
export const brokenParts = (
  snapshot: Snapshot,
  { dropped, returned }: Parts,
  request: CancelRequest,
): Draft =>
  joinDrafts([
    orphanShard(
      snapshot,
      dropped.map(({ keyspace, shard }) => ({ keyspace, shard, finding: null })),
      null,
    ),
    ...returned.map((side) =>
      returnedShardDraft(snapshot, side, [], { orphans: "restore", vtctld: request.vtctld }),
    ),
    {
      repairs: [],
      stages: [],
      reads: [],
      blocked: downShards(snapshot, [...dropped, ...returned]),
      notes: [],
    },
  ]);

/** Shards that went with the others and of which nothing answers: their streams wait in a MySQL that nobody can reach through a tablet. */
const downShards = (snapshot: Snapshot, seen: readonly ShardRef[]): readonly Blocked[] => {
  const rows = snapshot.all<ShardRef & { readonly aliases: string }>(
    `SELECT d.keyspace, d.shard, (SELECT coalesce(group_concat(DISTINCT t.alias), 'its tablets') FROM deletion t
         WHERE t.kind = 'tablet' AND t.keyspace = d.keyspace AND t.shard = d.shard) AS aliases
     FROM deletion d WHERE d.kind = 'shard' AND d.operation = 'cancel' AND d.recreated = 0
       AND d.lock_key IN (SELECT lock_key FROM deletion WHERE kind = 'shard' AND operation = 'cancel' AND keyspace || '/' || shard IN (SELECT value FROM json_each(?)))
       AND NOT EXISTS (SELECT 1 FROM process p WHERE p.keyspace = d.keyspace AND p.shard = d.shard AND p.same_cluster = 1)
     ORDER BY d.keyspace, d.shard`,
    JSON.stringify(seen.map(shardName)),
  );
  return rows.map(({ aliases, ...shard }) => ({
    object: { keyspace: shard.keyspace, shard: shard.shard },
    finding: null,
    reason: `${shardName(shard)} was dropped by the same cancel, and ${aliases} does not answer: its streams stay in its MySQL and run again if it comes back as primary`,
    instead: `start it and cancel again at once, or remove it for good (vttablet and MySQL)`,
  }));
};

/** Nothing is dropped from the intact targets unless the broken ones can be stopped too. */
export const refuseBroken = (name: string, broken: Draft, parts: Parts): void => {
  if (parts.returned.length + parts.dropped.length === 0 || broken.stages.length > 0) return;
  const [first] = broken.blocked;
  if (first !== undefined)
    throw new RefusedError(`${name} can not be cancelled: ${first.reason}. Instead: ${first.instead}`);
};
