import type { Snapshot } from "../../snapshot/snapshot.js";
import type { OrphanChoice, Stopping } from "../context.js";
import { type Draft, type DraftStage, joinDrafts, worthRunning } from "../draft.js";
import { type DecidedShard, decide } from "../dropped/decision.js";
import { removedBefore } from "../dropped/dropped-tablets.js";
import { awaitSteps, restoreReads, shardSteps, tabletSteps } from "../dropped/restore-records.js";
import { endSteps, retireNotes, retireReads, stayAwaySteps } from "../dropped/retirement.js";
import { cancelledStreams, type OrphanTarget, reverseLeftovers, stayingNotes } from "../dropped/targets.js";
import {
  deleteSteps,
  goneSteps,
  keyNotes,
  keySteps,
  stopSteps,
  streamLocks,
  vdiffSteps,
} from "../end-streams.js";
import type { Blocked } from "../refs.js";
import { historyCovers, type OrphanShard, reachable } from "../view/dropped-shard.js";
import type { Process } from "../view/processes.js";
import { keyspaceLocks, orderShards, type ShardRef, shardName } from "../view/shards.js";
import { type StreamGroup, streamRead } from "../view/streams.js";

/**
 * Shards whose records are gone while their tablets run (scenes S1, S1b; docs/decisions.md#d17): the streams of the cancel that dropped them, or
 * of a retired shard all, are stopped, proven stopped and deleted, then the records come back, and the running primary names itself. What may
 * be done, and what forbids it, is `orphan/decision.ts`'s: where something does, nothing of the shard is touched. A stream elsewhere is never
 * touched, whatever its name.
 */
export const orphanShard = (
  snapshot: Snapshot,
  targets: readonly OrphanTarget[],
  choice: OrphanChoice | null,
  stopping: Stopping | null = null,
): Draft =>
  joinDrafts(
    byKeyspace(targets).map((members) => {
      const decided = members.map((target) => decide(snapshot, target, choice, stopping));
      return draftOf(snapshot, decided, stopping);
    }),
  );

const draftOf = (snapshot: Snapshot, decided: readonly DecidedShard[], stopping: Stopping | null): Draft => {
  const allowed = decided.filter(({ obstacles }) => obstacles.length === 0);
  const retired = allowed.filter(({ decision }) => decision.kind === "retire");
  const restored = allowed.filter(({ decision }) => decision.kind === "restore");
  const touched = [...restored, ...retired];
  const orphans = touched.map(({ orphan }) => orphan).toSorted(orderShards);
  const returning = restored.map(({ orphan }) => orphan);
  const leaving = retired.map(({ orphan }) => orphan);
  const groups = orphans.flatMap((orphan) =>
    (leaving.includes(orphan) ? orphan.groups : cancelledStreams(snapshot, orphan)).filter(reachable),
  );
  const reverse = reverseLeftovers(snapshot, orphans, groups);
  return {
    repairs: [...restored, ...retired].flatMap(({ target }) =>
      target.finding === null ? [] : [target.finding],
    ),
    stages: worthRunning([
      streamStage(snapshot, orphans, leaving, groups, reverse),
      {
        title: `Put the records of ${names(returning)} back`,
        locks: keyspaceLocks(snapshot, [...new Set(returning.map((orphan) => orphan.keyspace))]),
        steps: [
          ...returning.flatMap((orphan) => tabletSteps(snapshot, orphan)),
          ...returning.flatMap((orphan) => shardSteps(snapshot, orphan)),
        ],
      },
      {
        title: `End the vttablets of ${names(leaving)}`,
        locks: keyspaceLocks(snapshot, [...new Set(leaving.map((orphan) => orphan.keyspace))]),
        steps: stopping === null ? [] : leaving.flatMap((orphan) => endSteps(snapshot, orphan, stopping)),
      },
      {
        title: `Watch that the vttablets of ${names(leaving)} stay away`,
        locks: [],
        steps: stopping === null ? [] : stayAwaySteps(snapshot, leaving, stopping),
      },
      {
        title: `Wait for the running primaries of ${names(returning)} to name themselves`,
        locks: [],
        steps: returning.flatMap((orphan) => awaitSteps(snapshot, orphan)),
      },
    ]),
    reads: [
      ...[...groups, ...reverse].map((group) => streamRead(snapshot, group)),
      ...returning.flatMap((orphan) => restoreReads(snapshot, orphan)),
      ...leaving.flatMap((orphan) => retireReads(snapshot, orphan)),
    ],
    blocked: decided.flatMap(blockedOf),
    notes: [...touched.flatMap((one) => notesOf(snapshot, one)), ...keyNotes(snapshot, groups, "")],
  };
};

const streamStage = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  leaving: readonly OrphanShard[],
  groups: readonly StreamGroup[],
  reverse: readonly StreamGroup[],
): DraftStage => {
  const all = [...groups, ...reverse];
  const vdiffs = orphans.flatMap((orphan) =>
    orphan.primaries.flatMap((primary) =>
      vdiffSteps(snapshot, primary, leaving.includes(orphan) ? null : workflowsAt(groups, primary)),
    ),
  );
  return {
    title: `Stop and delete the streams of ${[...new Set(all.map(({ workflow }) => workflow))].join(", ")} on ${names(orphans)}`,
    locks: streamLocks(snapshot, orphans, all),
    steps: [
      ...stopSteps(snapshot, all, (group) => groups.includes(group), vdiffs),
      ...keySteps(snapshot, groups, { apply: false }),
      ...deleteSteps(snapshot, all),
      ...goneSteps(snapshot, all),
    ],
  };
};

const workflowsAt = (groups: readonly StreamGroup[], primary: Process): readonly string[] =>
  groups.filter(({ process }) => process === primary).map(({ workflow }) => workflow);

const names = (shards: readonly ShardRef[]): string => shards.map(shardName).join(", ");

const byKeyspace = (targets: readonly OrphanTarget[]): readonly (readonly OrphanTarget[])[] => {
  const distinct = new Map(targets.map((target) => [shardName(target), target]));
  const sorted = [...distinct.values()].sort(orderShards);
  return [...new Set(sorted.map((target) => target.keyspace))].map((keyspace) =>
    sorted.filter((target) => target.keyspace === keyspace),
  );
};

/** What was asked for and is not done for the shard. */
const blockedOf = ({ target, decision, obstacles }: DecidedShard): readonly Blocked[] => {
  const at = {
    object: { keyspace: target.keyspace, shard: target.shard },
    finding: target.finding,
  };
  if (decision.kind === "ask") return [{ ...at, ...decision.obstacle }];
  return obstacles.map((obstacle) => ({
    ...at,
    reason: `${shardName(target)} is not ${decision.kind === "retire" ? "retired" : "restored"}: ${obstacle.reason}`,
    instead: obstacle.instead,
  }));
};

/** What an operator should know besides. */
const notesOf = (snapshot: Snapshot, { orphan, decision }: DecidedShard): readonly string[] => [
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
