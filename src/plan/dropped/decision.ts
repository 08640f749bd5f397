import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Guard, type Obstacle, type OrphanChoice, obstaclesTo, type Stopping } from "../draft.js";
import {
  type Deletion,
  droppedShard,
  historyCovers,
  type OrphanShard,
  type OrphanTarget,
  reachable,
  removedBefore,
} from "../facts/dropped-shard.js";
import { unknownKinds } from "../facts/stream-facts.js";
import { type ShardRef, shardName, shardRecords } from "../facts/topology.js";
import type { Blocked } from "../fields.js";
import {
  aliasClash,
  keyspaceGone,
  nobodySaidHow,
  onlyCopy,
  ownedByOperator,
  primaryUnfit,
  rangeTaken,
  routedQueries,
  silentCells,
  unknownRecords,
  unknownStreams,
} from "../guards/dropped-shards.js";
import { retireNotes } from "./retirement.js";
import { cancelledStreams, stayingNotes, unaccounted } from "./targets.js";

/** What may be done with the tablets of a shard whose record is gone (docs/decisions.md#d8). */
type Decision =
  | { readonly kind: "restore" }
  | { readonly kind: "retire" }
  | { readonly kind: "leave" }
  | { readonly kind: "ask"; readonly obstacle: Obstacle };

/**
 * Only what a cancel dropped may come back without being asked for: the cancel promised to undo the workflow, not to lose the shard.
 * A completed source holds stale data and never comes back; a person's deletion may have been meant.
 */
const choiceFor = (shard: ShardRef, deletion: Deletion | null, choice: OrphanChoice | null): Decision => {
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
  return `the record of ${shardName(shard)} was deleted ${deletedBy(deletion)}, not by a cancel, so it may have been meant`;
};

/** `under the lock DeleteShard of vm at revision 80` */
export const deletedBy = ({ operation, lockAction, lockHost, deletedRevision }: Deletion): string => {
  const lock =
    lockAction === null ? null : `under the lock ${lockAction}${lockHost ? ` of ${lockHost}` : ""}`;
  const by = lock ?? (operation === "unknown" ? "under nobody knows which lock" : "without any lock");
  return `${by} at revision ${deletedRevision}`;
};

/** What forbids to restore the shard's records (docs/decisions.md#d17). */
const UNLESS_RESTORED: readonly Guard<OrphanShard>[] = [
  ownedByOperator,
  keyspaceGone,
  silentCells,
  rangeTaken,
  primaryUnfit,
  unaccounted,
  (snapshot, orphan) => unknownKinds(snapshot, cancelledStreams(snapshot, orphan)),
];

/** What forbids to end the shard's processes (docs/decisions.md#d19). */
const UNLESS_RETIRED: readonly Guard<OrphanShard & { readonly stopping: Stopping | null }>[] = [
  ownedByOperator,
  aliasClash,
  nobodySaidHow,
  silentCells,
  unknownStreams,
  unknownRecords,
  (snapshot, orphan) => unknownKinds(snapshot, orphan.groups),
];

/** A shard with what may be done about it, and what forbids it. */
export interface DecidedShard {
  readonly target: OrphanTarget;
  readonly orphan: OrphanShard;
  readonly decision: Decision;
  /** Reasons not to restore or not to retire it: where there is one, nothing of the shard is touched. */
  readonly obstacles: readonly Obstacle[];
}

export const decide = (
  snapshot: Snapshot,
  target: OrphanTarget,
  choice: OrphanChoice | null,
  stopping: Stopping | null,
): DecidedShard => {
  const orphan = droppedShard(snapshot, target);
  const known = notOrphaned(snapshot, orphan) ?? outage(snapshot, orphan);
  const decision: Decision =
    known !== null && choice !== "leave"
      ? { kind: "ask", obstacle: known }
      : choiceFor(target, orphan.deletion, choice);
  if (decision.kind === "retire")
    return {
      target,
      orphan,
      decision,
      obstacles: obstaclesTo(UNLESS_RETIRED, snapshot, { ...orphan, stopping }),
    };
  if (decision.kind !== "restore") return { target, orphan, decision, obstacles: [] };
  const history = choice === "restore" || historyCovers(snapshot, orphan) ? [] : [forgotten(orphan)];
  return {
    target,
    orphan,
    decision,
    obstacles: [...history, ...obstaclesTo(UNLESS_RESTORED, snapshot, orphan)],
  };
};

/** The streams of a shard that the topology has are not orphans, even if a tablet's own record is missing. */
const notOrphaned = (snapshot: Snapshot, orphan: OrphanShard): Obstacle | null => {
  const name = shardName(orphan);
  if (shardRecords(snapshot, orphan.keyspace).some((record) => record.shard === orphan.shard)) {
    const unlisted = orphan.processes
      .filter((process) => process.record !== "present")
      .map((process) => process.alias);
    return {
      reason: `the topology has ${name}; only the Tablet records of ${unlisted.join(", ") || "its tablets"} are missing, and its streams may be wanted`,
      instead:
        "restart those vttablets, which write their own records then; a workflow that is not wanted is cancelled by its name after that",
    };
  }
  return orphan.processes.some((process) => process.shardRecord !== "absent")
    ? {
        reason: `it is not known whether the topology has ${name}`,
        instead: "make the global topology answer and its records readable, then plan again",
      }
    : null;
};

/** A shard that queries go to, or that alone has a key range, is missed by its users: its tablets and their streams are what is left of it. */
const outage = (snapshot: Snapshot, orphan: OrphanShard): Obstacle | null => {
  const [fact] = [...routedQueries(snapshot, orphan), ...onlyCopy(snapshot, orphan)];
  const name = shardName(orphan);
  return fact === undefined
    ? null
    : {
        reason: `${name} is no orphan but an outage: ${fact.reason}`,
        instead: `stop and delete nothing of it; where it is to serve, write its Shard record again (vtctldclient CreateShard ${name}), restart its vttablets, which write their own records, then vtctldclient PlannedReparentShard ${name}; where it is not, route its queries elsewhere first`,
      };
};

/** A tablet that history no longer lists could be the dead primary that revives a stream (docs/decisions.md#d17). */
const forgotten = (orphan: OrphanShard): Obstacle => ({
  reason: `etcd's history no longer reaches back to the start of the operation that dropped ${shardName(orphan)}, so it may have had tablets that nobody knows of`,
  instead: "make sure that every tablet of the shard runs, then say --orphans restore",
});

/** Those that nothing forbids, of one decision. */
export const decidedOn = (
  shards: readonly DecidedShard[],
  kind: "restore" | "retire",
): readonly DecidedShard[] =>
  shards.filter(({ decision, obstacles }) => decision.kind === kind && obstacles.length === 0);

/** What was asked for and is not done for the shard. */
export const blockedOf = ({ target, decision, obstacles }: DecidedShard): readonly Blocked[] => {
  const at = { object: { keyspace: target.keyspace, shard: target.shard }, finding: target.finding };
  if (decision.kind === "ask") return [{ ...at, ...decision.obstacle }];
  return obstacles.map(({ reason, instead }) => ({
    ...at,
    reason: `${shardName(target)} is not ${decision.kind === "retire" ? "retired" : "restored"}: ${reason}`,
    instead,
  }));
};

/** What an operator should know of a shard for which something is done. */
export const notesOf = (snapshot: Snapshot, { orphan, decision }: DecidedShard): readonly string[] => [
  ...orphan.groups
    .filter((group) => !reachable(group))
    .map(
      (group) =>
        `${group.process.alias} is ${group.process.type}, so the streams of ${group.workflow} in its MySQL can not be stopped through it`,
    ),
  ...(decision.kind === "retire" ? retireNotes(snapshot, orphan) : []),
  ...(decision.kind === "restore" ? stayingNotes(snapshot, orphan) : []),
  ...removedBefore(orphan).map(
    (alias) =>
      `${alias} had left ${shardName(orphan)} before its records were dropped; if it still runs, it is on its own`,
  ),
  ...(decision.kind === "restore" && !historyCovers(snapshot, orphan)
    ? [
        `history no longer lists the tablets of ${shardName(orphan)}: one that does not run now can not be known, and would bring its stream back`,
      ]
    : []),
];
