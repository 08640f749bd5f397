import type { TopoLockRow } from "../../snapshot/gen/tables.js";
import { type Guard, gone } from "../draft.js";
import { keyPremise } from "../facts/topology.js";
import { repair } from "../repair.js";

/** Its operation may still be running (docs/decisions.md#d11). */
const mayStillRun: Guard<TopoLockRow> = (snapshot, lock) =>
  snapshot.rows("operation", { lock_key: lock.key }).length === 0
    ? []
    : [
        {
          reason: `${lock.action} may still be running on ${lock.host_name}: ${lock.key} is no older than that operation may be`,
          instead: "wait for it, or end that process and plan again",
        },
      ];

const notOfVitess: Guard<TopoLockRow> = (_, lock) =>
  lock.lease !== "0"
    ? []
    : [
        {
          reason: `${lock.key} has no lease, so Vitess did not write it, and it never expires`,
          instead: `etcdctl del ${lock.key}, once you know who wrote it`,
        },
      ];

/**
 * A lock whose holder died: a named lock stays 24 h and blocks every command on its workflow (docs/vitess.md#locks-after-a-crash). Only one
 * that is older than its operation may plausibly take; a falling TTL proves nothing, because a live vtctld does not renew it either.
 */
export const clearLock = repair<TopoLockRow>({
  name: "clear-lock",
  runs: "locks",
  of: (snapshot, [{ object, evidence }]) => {
    const named = [object.lock, object.key, ...evidence.map(({ source }) => source)];
    const [lock] = named.flatMap((key) =>
      key === undefined ? [] : snapshot.rows("topo_lock", { key, holder: 1 }),
    );
    return lock ?? gone("its lock is gone");
  },
  unless: [mayStillRun, notOfVitess],
  plan: (snapshot, { server, key, lease, revision, user_name, host_name, action }) => ({
    title: `Clear the abandoned lock ${key}`,
    locks: [],
    steps: [{ kind: "lock.clear", server, key, lease, modRevision: revision }],
    restsOn: [keyPremise(snapshot, server, key)],
    notes: [
      `make sure that no process of ${user_name || "anybody"} on ${host_name || "an unnamed host"} still runs ${action || "an operation"}: vtdoctor can not see it from here`,
    ],
  }),
});
