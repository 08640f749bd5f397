import type { TopoLockRow } from "../../snapshot/gen/tables.js";
import type { Guard } from "../draft.js";

/** Its operation may still be running (docs/decisions.md#d11). */
export const mayStillRun: Guard<TopoLockRow> = (snapshot, lock) =>
  snapshot.rows("operation", { lock_key: lock.key }).length === 0
    ? []
    : [
        {
          reason: `${lock.action} may still be running on ${lock.host_name}: ${lock.key} is no older than that operation may be`,
          instead: "wait for it, or end that process and plan again",
        },
      ];

export const notOfVitess: Guard<TopoLockRow> = (_, lock) =>
  lock.lease !== "0"
    ? []
    : [
        {
          reason: `${lock.key} has no lease, so Vitess did not write it, and it never expires`,
          instead: `etcdctl del ${lock.key}, once you know who wrote it`,
        },
      ];
