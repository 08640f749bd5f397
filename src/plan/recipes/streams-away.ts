import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { type Process, tabletRef } from "../view/processes.js";
import { type StreamGroup, streamRows, streamSet } from "../view/streams.js";

/** Long enough for a heartbeat (1 s) and for a transaction that was just being applied (docs/vitess.md#cancel-order). */
const SETTLE_MS = 5000;

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
        verify("stream.verify-stopped", snapshot, groups),
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
  groups.length === 0 ? [] : [verify("stream.verify-gone", snapshot, groups)];

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

const verify = (
  kind: "stream.verify-stopped" | "stream.verify-gone",
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
): DraftStep => ({
  kind,
  streams: groups.map((group) => streamSet(snapshot, group)),
  settleMs: SETTLE_MS,
});
