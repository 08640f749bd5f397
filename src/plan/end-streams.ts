import { RefusedError } from "../cluster/errors.js";
import { statementOf } from "../cluster/post-copy-action.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { DraftStage, DraftStep } from "./draft.js";
import { type Process, tabletRef } from "./facts/processes.js";
import { type StreamGroup, streamRows, streamSet } from "./facts/stream-facts.js";
import { keyspaceLocks, type ShardRef } from "./facts/topology.js";
import type { DeferredKey, LockScope, StreamSet } from "./fields.js";

/** Long enough for a heartbeat (1 s) and for a transaction that was just being applied (docs/vitess.md#cancel-order). */
const SETTLE_MS = 5000;

/** The streams of shards that a cancel, or a person, dropped, and reverse streams that were left on their sources. */
export interface EndedStreams {
  readonly title: string;
  readonly shards: readonly ShardRef[];
  readonly groups: readonly StreamGroup[];
  readonly reverse: readonly StreamGroup[];
  /** The steps that end their VDiffs. */
  readonly vdiffs?: readonly DraftStep[];
}

/** Stopped, proven stopped, deleted and proven gone, after what goes with them is saved. */
export const endStreams = (
  snapshot: Snapshot,
  { title, shards, groups, reverse, vdiffs = [] }: EndedStreams,
): DraftStage => {
  const all = [...groups, ...reverse];
  return {
    title,
    locks: streamLocks(snapshot, shards, all),
    steps: [
      ...stopSteps(snapshot, all, (group) => groups.includes(group), vdiffs),
      ...keySteps(snapshot, groups, { apply: false }),
      ...deleteSteps(snapshot, all),
      ...goneSteps(snapshot, all),
    ],
  };
};

/**
 * Stop every stream everywhere, end their VDiffs, then prove it, before anything else is touched (docs/decisions.md#d16). A VDiff restarts the streams
 * that it stopped for itself (vdiff/table_differ.go `initialize`), and its row streams hold the tables' metadata locks on a target primary:
 * it has to be gone before the proof, and before tables move. `vdiffs`: the steps that end them.
 */
export const stopSteps = (
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
  isOrphan: (group: StreamGroup) => boolean,
  vdiffs: readonly DraftStep[] = [],
): readonly DraftStep[] =>
  groups.length === 0
    ? vdiffs
    : [
        ...groups.map(
          (group): DraftStep => ({
            kind: "stream.stop",
            tablet: tabletRef(snapshot, group.process),
            workflow: group.workflow,
            dbName: group.dbName,
            rows: streamRows(snapshot, group),
            ...(isOrphan(group) ? { orphan: true } : {}),
          }),
        ),
        ...vdiffs,
        {
          kind: "stream.verify-stopped",
          streams: groups.map((group) => streamSet(snapshot, group)),
          settleMs: SETTLE_MS,
        },
      ];

export const deleteSteps = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly DraftStep[] =>
  groups.map((group) => ({
    kind: "stream.delete",
    tablet: tabletRef(snapshot, group.process),
    workflow: group.workflow,
    dbName: group.dbName,
    rows: streamRows(snapshot, group),
  }));

export const goneSteps = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly DraftStep[] =>
  groups.length === 0 ? [] : [goneStep(groups.map((group) => streamSet(snapshot, group)))];

export const goneStep = (streams: readonly StreamSet[]): DraftStep => ({
  kind: "stream.verify-gone",
  streams,
  settleMs: SETTLE_MS,
});

/** VDiff reports outlive their workflow, and one that is running would go on (docs/vitess.md#vdiff-rows). */
export const vdiffSteps = (
  snapshot: Snapshot,
  process: Process,
  workflows: readonly string[] | null,
): readonly DraftStep[] =>
  snapshot
    .all<{ keyspace: string; workflow: string }>(
      "SELECT DISTINCT keyspace, workflow FROM vdiff WHERE address = ? ORDER BY keyspace, workflow",
      process.address,
    )
    .filter(({ workflow }) => workflows === null || workflows.includes(workflow))
    .map(({ keyspace, workflow }) => ({
      kind: "vdiff.delete",
      tablet: tabletRef(snapshot, process),
      keyspace,
      workflow,
    }));

/** Secondary keys that the copy has put off: they exist nowhere else, and go with the stream (docs/vitess.md#deferred-keys). */
const deferredKeys = (snapshot: Snapshot, group: StreamGroup): readonly DeferredKey[] =>
  group.streams.flatMap((stream) =>
    snapshot
      .rows("post_copy_action", { address: stream.address, vrepl_id: stream.id })
      .map(({ table_name, action_json }) => ({
        table: table_name,
        alter: taskOf(stream.address, action_json),
      })),
  );

export const keySteps = (
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
  options: { readonly apply: boolean },
): readonly DraftStep[] =>
  groups.flatMap((group) => {
    const actions = deferredKeys(snapshot, group);
    return actions.length === 0 && !mayPutOffMore(snapshot, group)
      ? []
      : [
          {
            kind: "keys.export",
            ...streamSet(snapshot, group),
            actions,
            apply: options.apply,
          } as const,
        ];
  });

/** `remedy`: what the operator can do about it. */
export const keyNotes = (
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
  remedy: string,
): readonly string[] =>
  groups
    .filter((group) => deferredKeys(snapshot, group).length > 0)
    .map(
      (group) =>
        `the kept tables on ${group.process.alias} lack secondary keys that the copy had put off: their statements are saved in the run's folder${remedy}`,
    );

/** Throws `RefusedError` for a row that is no statement: a key that can not be saved would be lost. */
const taskOf = (address: string, json: string): string => {
  const statement = statementOf(json);
  if (statement !== null) return statement;
  throw new RefusedError(
    `a row of _vt.post_copy_action at ${address} can not be read, so a secondary key would be lost: ${json}`,
  );
};

/** Whether a copy that has not ended may put off more of them before its streams are stopped. */
const mayPutOffMore = (snapshot: Snapshot, { streams }: StreamGroup): boolean =>
  streams.some(
    ({ address, id, copying }) =>
      copying === 1 && snapshot.rows("vreplication", { address, id, defer_secondary_keys: 1 }).length > 0,
  );

/** Workflow, then source keyspaces, then the target's: Vitess's order (docs/vitess.md#lock-order). */
const streamLocks = (
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
