import type { OperationRow, TopoLockRow } from "../gen/tables.js";
import { CLOCK_SKEW_S, OPERATION_LIMITS } from "./operation-limits.js";

/**
 * Locks that may well be held by a living operation: younger than their action may take (docs/decisions.md#d11). Age is the larger of two:
 * by the holder's clock, and by the seconds that its lease lost since somebody last renewed it, which needs no clock. `now` in unix
 * seconds.
 */
export const deriveOperations = (locks: readonly TopoLockRow[], now: number): readonly OperationRow[] => {
  const switchTtls = new Map(
    locks
      .filter(({ action }) => action === "SwitchWrites")
      .map((lock) => [lock.keyspace, lock.granted_ttl ?? 0]),
  );
  return locks.flatMap((lock) => {
    const age = ageOf(lock, now);
    if (lock.holder === 0 || age === null) return [];
    const limit = limitOf(lock, switchTtls.get(lock.keyspace) ?? 0);
    if (age > limit + CLOCK_SKEW_S) return [];
    return [
      {
        keyspace: lock.keyspace ?? "",
        shard: lock.shard ?? "",
        workflow: lock.workflow ?? "",
        action: lock.action,
        lock_key: lock.key,
        host_name: lock.host_name,
        since: lock.taken_at,
        until: now - age + limit,
      },
    ];
  });
};

/** Null: nothing tells, or the lock is from a future that no skew explains; such a lock defers nothing. */
const ageOf = ({ taken_at, ttl, granted_ttl }: TopoLockRow, now: number): number | null => {
  const byLease = ttl === null || granted_ttl === null || ttl < 0 ? null : granted_ttl - ttl;
  const byClock = taken_at === null ? null : now - taken_at;
  if (byClock !== null && byClock < -CLOCK_SKEW_S) return byLease;
  if (byClock === null && byLease === null) return null;
  return Math.max(byClock ?? 0, byLease ?? 0, 0);
};

/** The keyspace lock of a switch is granted for 4 x its --timeout, and so tells how long a switch with another timeout may take. */
const limitOf = ({ action }: TopoLockRow, switchTtl: number): number => {
  const limit = OPERATION_LIMITS.find((known) => known.action.test(action))?.seconds ?? 0;
  return action === "SwitchWrites" || action === "WorkflowSwitchTraffic" ? Math.max(limit, switchTtl) : limit;
};
