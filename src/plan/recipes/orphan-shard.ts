import type { Snapshot } from "../../snapshot/snapshot.js";
import type { OrphanChoice } from "../context.js";
import { type Draft, type DraftStage, joinDrafts, worthRunning } from "../draft.js";
import type { Blocked, LockScope } from "../plan.js";
import { keyspaceRecord, type Obstacle, orderShards, type ShardRef, shardName } from "../view/shards.js";
import { type StreamGroup, streamRead } from "../view/streams.js";
import { removedBefore } from "./orphan/accounting.js";
import { type Consent, consentFor } from "./orphan/consent.js";
import { inspect, type OrphanShard, reachable } from "./orphan/inspect.js";
import { obstacles } from "./orphan/preconditions.js";
import { forgotten, historyReaches } from "./orphan/reach.js";
import { awaitSteps, restoreReads, shardSteps, tabletSteps } from "./orphan/restore.js";
import { reverseLeftovers } from "./orphan/reverse.js";
import { deleteSteps, goneSteps, stopSteps, vdiffSteps } from "./streams-away.js";

export interface OrphanTarget extends ShardRef {
  readonly finding: string | null;
}

/**
 * Shards whose records are gone while their tablets run (scenes S1, S1b; design D17): every stream on them is stopped, proven stopped
 * and deleted, then the records come back, and the running primary names itself. Which of it may be done is `orphan/consent.ts`'s;
 * what forbids it is `orphan/preconditions.ts`'s. A stream elsewhere is never touched, whatever its name.
 */
export const orphanShard = (
  snapshot: Snapshot,
  targets: readonly OrphanTarget[],
  choice: OrphanChoice | null,
): Draft =>
  joinDrafts(
    byKeyspace(targets).map((members) => {
      const judged = members.map((target) => judge(snapshot, target, choice));
      return draftOf(snapshot, judged);
    }),
  );

interface Judged {
  readonly target: OrphanTarget;
  readonly orphan: OrphanShard;
  readonly consent: Consent;
  /** Reasons not to restore it; its streams are stopped all the same. */
  readonly obstacles: readonly Obstacle[];
}

const judge = (snapshot: Snapshot, target: OrphanTarget, choice: OrphanChoice | null): Judged => {
  const orphan = inspect(snapshot, target);
  const consent = consentFor(target, orphan.deletion, choice);
  return {
    target,
    orphan,
    consent,
    obstacles:
      consent.kind === "restore"
        ? [
            ...(choice === "restore" || historyReaches(snapshot, orphan) ? [] : [forgotten(orphan)]),
            ...obstacles(snapshot, orphan),
          ]
        : [],
  };
};

const draftOf = (snapshot: Snapshot, judged: readonly Judged[]): Draft => {
  const touched = judged.filter(({ consent }) => consent.kind === "restore" || consent.kind === "retire");
  const restored = touched.filter(
    ({ consent, obstacles }) => consent.kind === "restore" && obstacles.length === 0,
  );
  const orphans = touched.map(({ orphan }) => orphan);
  const returning = restored.map(({ orphan }) => orphan);
  const groups = orphans.flatMap((orphan) => orphan.groups.filter(reachable));
  const reverse = reverseLeftovers(snapshot, orphans);
  return {
    repairs: restored.flatMap(({ target }) => (target.finding === null ? [] : [target.finding])),
    stages: worthRunning([
      streamStage(snapshot, orphans, groups, reverse),
      {
        title: `Put the records of ${names(returning)} back`,
        locks: keyspaceLocks(snapshot, [...new Set(returning.map((orphan) => orphan.keyspace))]),
        steps: [
          ...returning.flatMap((orphan) => tabletSteps(snapshot, orphan)),
          ...returning.flatMap((orphan) => shardSteps(snapshot, orphan)),
        ],
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
    ],
    blocked: judged.flatMap(blockedOf),
    notes: touched.flatMap(({ orphan, consent }) => notesOf(snapshot, orphan, consent)),
  };
};

const streamStage = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  groups: readonly StreamGroup[],
  reverse: readonly StreamGroup[],
): DraftStage => ({
  title: `Stop and delete every stream on ${names(orphans)}`,
  locks: streamLocks(snapshot, [...groups, ...reverse]),
  steps: [
    ...stopSteps(snapshot, groups, { orphan: true }),
    ...stopSteps(snapshot, reverse, { orphan: false }),
    ...deleteSteps(snapshot, [...groups, ...reverse]),
    ...orphans.flatMap((orphan) =>
      orphan.primaries.flatMap((primary) => vdiffSteps(snapshot, primary, null)),
    ),
    ...goneSteps(snapshot, [...groups, ...reverse]),
  ],
});

/** Workflow, then source keyspaces, then the target's: Vitess's order (`topology-and-wire.md` 4.4). */
const streamLocks = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly LockScope[] => {
  const keyspaces = new Set(groups.map((group) => group.process.keyspace));
  const sources = new Set(
    groups
      .flatMap((group) => group.streams)
      .filter((stream) => stream.sourceExternal === "" && !keyspaces.has(stream.sourceKeyspace))
      .map((stream) => stream.sourceKeyspace),
  );
  const workflows = new Map(
    groups.map((group) => [
      JSON.stringify([group.process.keyspace, group.workflow]),
      { kind: "workflow", keyspace: group.process.keyspace, workflow: group.workflow } as const,
    ]),
  );
  return [
    ...[...workflows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, scope]) => scope),
    ...keyspaceLocks(snapshot, [...sources].sort()),
    ...keyspaceLocks(snapshot, [...keyspaces].sort()),
  ];
};

/** A keyspace without a record can not be locked, by Vitess neither. */
const keyspaceLocks = (snapshot: Snapshot, keyspaces: readonly string[]): readonly LockScope[] =>
  keyspaces
    .filter((keyspace) => keyspaceRecord(snapshot, keyspace) !== null)
    .map((keyspace) => ({ kind: "keyspace", keyspace }));

const blockedOf = ({ target, consent, obstacles }: Judged): readonly Blocked[] => {
  const at = {
    object: { keyspace: target.keyspace, shard: target.shard },
    finding: target.finding,
  };
  if (consent.kind === "ask") return [{ ...at, ...consent.obstacle }];
  if (consent.kind === "retire")
    return [
      {
        ...at,
        reason: `vtdoctor stops and deletes the streams of ${shardName(target)}, but does not end its processes`,
        instead: "stop its vttablets under their supervisor, then their MySQL servers",
      },
    ];
  return obstacles.map((obstacle) => ({
    ...at,
    reason: `${shardName(target)} is not restored: ${obstacle.reason}`,
    instead: obstacle.instead,
  }));
};

const notesOf = (snapshot: Snapshot, orphan: OrphanShard, consent: Consent): readonly string[] => [
  ...orphan.groups
    .filter((group) => !reachable(group))
    .map(
      (group) =>
        `${group.process.alias} is ${group.process.type}, so the streams of ${group.workflow} in its MySQL can not be stopped through it`,
    ),
  ...removedBefore(orphan).map(
    (alias) =>
      `${alias} had left ${shardName(orphan)} before its records were dropped; if it still runs, it is on its own`,
  ),
  ...(consent.kind === "restore" && !historyReaches(snapshot, orphan)
    ? [
        `history no longer lists the tablets of ${shardName(orphan)}: one that does not run now can not be known, and would bring its stream back`,
      ]
    : []),
];

const names = (shards: readonly ShardRef[]): string => shards.map(shardName).join(", ");

const byKeyspace = (targets: readonly OrphanTarget[]): readonly (readonly OrphanTarget[])[] => {
  const distinct = new Map(targets.map((target) => [shardName(target), target]));
  const sorted = [...distinct.values()].sort(orderShards);
  return [...new Set(sorted.map((target) => target.keyspace))].map((keyspace) =>
    sorted.filter((target) => target.keyspace === keyspace),
  );
};
