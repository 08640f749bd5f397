import type { OrphanChoice } from "../../context.js";
import { type Obstacle, type ShardRef, shardName } from "../../view/shards.js";
import type { Deletion } from "./deletion.js";

/** What may be done with the tablets of a shard whose record is gone (docs/decisions.md#d8). */
export type Consent =
  | { readonly kind: "restore" }
  | { readonly kind: "retire" }
  | { readonly kind: "leave" }
  | { readonly kind: "ask"; readonly obstacle: Obstacle };

/**
 * Only what a cancel dropped may come back without being asked for: the cancel promised to undo the workflow, not to lose the shard.
 * A completed source holds stale data and never comes back; a person's deletion may have been meant.
 */
export const consentFor = (
  shard: ShardRef,
  deletion: Deletion | null,
  choice: OrphanChoice | null,
): Consent => {
  if (choice === "leave") return { kind: "leave" };
  if (choice === "retire") return { kind: "retire" };
  if (deletion?.operation === "complete") return { kind: "ask", obstacle: retired(shard, deletion) };
  if (choice === "restore" || deletion?.operation === "cancel") return { kind: "restore" };
  return { kind: "ask", obstacle: ask(shard, deletion) };
};

const retired = (shard: ShardRef, deletion: Deletion): Obstacle => ({
  reason: `${shardName(shard)} was the source of a completed workflow (revision ${deletion.deletedRevision} deleted its record under a ${deletion.lockAction} lock): its data is stale and its record is never restored`,
  instead: `stop its vttablets and MySQL servers when nobody reads them any more; with --orphans retire vtdoctor stops and deletes streams that may be left on them first`,
});

const ask = (shard: ShardRef, deletion: Deletion | null): Obstacle => ({
  reason: deletion === null ? unexplained(shard) : meant(shard, deletion),
  instead:
    "say --orphans restore to put its records back, --orphans retire to stop and delete its streams, or --orphans leave",
});

const unexplained = (shard: ShardRef): string =>
  `nothing in etcd's history says how the record of ${shardName(shard)} went away (it may be compacted), so it may have been meant`;

const meant = (shard: ShardRef, deletion: Deletion): string => {
  if (deletion.operation === "unknown")
    return `the record of ${shardName(shard)} was deleted at revision ${deletion.deletedRevision}, and nobody can tell under which lock, so it may have been meant`;
  const by =
    deletion.lockAction === null
      ? "without any lock"
      : `under the lock ${deletion.lockAction}${deletion.lockHost ? ` of ${deletion.lockHost}` : ""}`;
  return `the record of ${shardName(shard)} was deleted ${by} at revision ${deletion.deletedRevision}, not by a cancel, so it may have been meant`;
};
