import type { TopoLockRow } from "../../snapshot/gen/tables.js";
import { mayStillRun, notOfVitess } from "../guards/topo-lock.js";
import { keyRead } from "../view/keys.js";
import { repair } from "./repair.js";

/**
 * A lock whose holder died: a named lock stays 24 h and blocks every command on its workflow (docs/vitess.md#locks-after-a-crash). Only one
 * that is older than its operation may plausibly take; a falling TTL proves nothing, because a live vtctld does not renew it either.
 */
export const clearLock = repair<TopoLockRow>({
  of: (snapshot, [{ object, evidence }]) => {
    const named = [object.lock, object.key, ...evidence.map(({ source }) => source)];
    const [lock] = named.flatMap((key) =>
      key === undefined ? [] : snapshot.rows("topo_lock", { key, holder: 1 }),
    );
    return lock ?? { reason: "its lock is gone", instead: "nothing: scan again" };
  },
  unless: [mayStillRun, notOfVitess],
  plan: (snapshot, { server, key, lease, revision, user_name, host_name, action }) => ({
    title: `Clear the abandoned lock ${key}`,
    locks: [],
    steps: [{ kind: "lock.clear", server, key, lease, modRevision: revision }],
    restsOn: [keyRead(snapshot, server, key)],
    notes: [
      `make sure that no process of ${user_name || "anybody"} on ${host_name || "an unnamed host"} still runs ${action || "an operation"}: vtdoctor can not see it from here`,
    ],
  }),
});
