import type { OperationRow, TopoLockRow, WorkflowRow } from "../gen/tables.js";
import { CLOCK_SKEW_S, limitFor } from "./operation-limits.js";
import { partnerOf } from "./workflow.js";

/**
 * Locks that may well be held by a living operation: younger than their action may take (docs/decisions.md#d11). A lock whose age nothing
 * tells defers nothing. `now` in unix seconds.
 */
export const deriveOperations = (
  locks: readonly TopoLockRow[],
  workflows: readonly WorkflowRow[],
  now: number,
): readonly OperationRow[] => {
  const switchTtls = new Map(
    locks
      .filter(({ action }) => action === "SwitchWrites")
      .map((lock) => [lock.keyspace, lock.granted_ttl ?? 0]),
  );
  return locks.flatMap((lock) => {
    const { holder, age_s } = lock;
    const limit = limitOf(lock, switchTtls.get(lock.keyspace) ?? 0);
    if (holder === 0 || age_s === null || age_s > limit + CLOCK_SKEW_S) return [];
    return [
      {
        keyspace: lock.keyspace ?? "",
        shard: lock.shard ?? "",
        workflow: lock.workflow ?? "",
        action: lock.action,
        lock_key: lock.key,
        host_name: lock.host_name,
        since: lock.taken_at,
        until: now - age_s + limit,
        age_s,
        skew_s: lock.skew_s,
        other_keyspace: otherKeyspace(lock, workflows),
      },
    ];
  });
};

/** A named lock lies under the target keyspace only (docs/vitess.md#lock-holders), and its workflow's source changes too. */
const otherKeyspace = ({ keyspace, workflow }: TopoLockRow, workflows: readonly WorkflowRow[]): string => {
  if (workflow === null) return "";
  const own = workflows.find((row) => row.keyspace === keyspace && row.workflow === workflow);
  const partner = workflows.find(
    (row) => row.source_keyspace === keyspace && row.workflow === partnerOf(workflow),
  );
  const other = own?.source_keyspace ?? partner?.keyspace ?? "";
  return other === keyspace ? "" : other;
};

/** The keyspace lock of a switch is granted for 4 x its --timeout, and so tells how long a switch with another timeout may take. */
const limitOf = ({ action }: TopoLockRow, switchTtl: number): number => {
  const limit = limitFor(action)?.seconds ?? 0;
  return action === "SwitchWrites" || action === "WorkflowSwitchTraffic" ? Math.max(limit, switchTtl) : limit;
};
