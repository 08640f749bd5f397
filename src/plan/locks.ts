import type { Snapshot } from "../snapshot/snapshot.js";
import type { LockScope } from "./refs.js";
import { keyspaceRecord, type ShardRef } from "./view/shards.js";
import type { StreamGroup } from "./view/streams.js";

/** Workflow, then source keyspaces, then the target's: Vitess's order (docs/vitess.md#lock-order). */
export const streamLocks = (
  snapshot: Snapshot,
  orphans: readonly ShardRef[],
  groups: readonly StreamGroup[],
): readonly LockScope[] => {
  const targets = new Set(orphans.map((orphan) => orphan.keyspace));
  const touched = groups.flatMap((group) => [
    group.process.keyspace,
    ...group.streams.filter((stream) => stream.sourceExternal === "").map((stream) => stream.sourceKeyspace),
  ]);
  const sources = new Set(touched.filter((keyspace) => !targets.has(keyspace)));
  const workflows = new Map(
    groups.map((group) => [
      JSON.stringify([group.process.keyspace, group.workflow]),
      { kind: "workflow", keyspace: group.process.keyspace, workflow: group.workflow } as const,
    ]),
  );
  return [
    ...[...workflows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, scope]) => scope),
    ...keyspaceLocks(snapshot, [...sources].sort()),
    ...keyspaceLocks(snapshot, [...targets].sort()),
  ];
};

/** A keyspace without a record can not be locked, by Vitess neither. */
export const keyspaceLocks = (snapshot: Snapshot, keyspaces: readonly string[]): readonly LockScope[] =>
  keyspaces
    .filter((keyspace) => keyspaceRecord(snapshot, keyspace) !== null)
    .map((keyspace) => ({ kind: "keyspace", keyspace }));
