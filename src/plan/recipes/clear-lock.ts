import type { Finding } from "../../findings/finding.js";
import type { TopoLockRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Draft, joinDrafts } from "../draft.js";
import { keyRead } from "../view/keys.js";
import type { Recipe } from "./recipe.js";

/**
 * A lock whose holder died: a named lock stays 24 h and blocks every command on its workflow (docs/vitess.md#locks-after-a-crash). Only one
 * that is older than its operation may plausibly take; a falling TTL proves nothing, because a live vtctld does not renew it either.
 */
export const clearLock: Recipe = (snapshot, findings) =>
  joinDrafts(findings.map((finding) => draftOf(snapshot, finding)));

const draftOf = (snapshot: Snapshot, finding: Finding): Draft => {
  const lock = lockOf(snapshot, finding);
  if (lock === null) return blocked(finding, "its lock is gone", "nothing: scan again");
  // Its operation may still be running (docs/decisions.md#d11).
  if (snapshot.rows("operation", { lock_key: lock.key }).length > 0)
    return blocked(
      finding,
      `${lock.action} may still be running on ${lock.host_name}: ${lock.key} is no older than that operation may be`,
      "wait for it, or end that process and plan again",
    );
  if (lock.lease === "0")
    return blocked(
      finding,
      `${lock.key} has no lease, so Vitess did not write it, and it never expires`,
      `etcdctl del ${lock.key}, once you know who wrote it`,
    );
  return {
    repairs: [finding.id],
    stages: [
      {
        title: `Clear the abandoned lock ${lock.key}`,
        locks: [],
        steps: [
          {
            kind: "lock.clear",
            server: lock.server,
            key: lock.key,
            lease: lock.lease,
            modRevision: lock.revision,
          },
        ],
      },
    ],
    reads: [keyRead(snapshot, lock.server, lock.key)],
    blocked: [],
    notes: [
      `make sure that no process of ${lock.user_name || "anybody"} on ${lock.host_name || "an unnamed host"} still runs ${lock.action || "an operation"}: vtdoctor can not see it from here`,
    ],
  };
};

const lockOf = (snapshot: Snapshot, finding: Finding): TopoLockRow | null => {
  const named = [finding.object.lock, finding.object.key, ...finding.evidence.map(({ source }) => source)];
  for (const key of named) {
    const [lock] = key === undefined ? [] : snapshot.rows("topo_lock", { key, holder: 1 });
    if (lock !== undefined) return lock;
  }
  return null;
};

const blocked = (finding: Finding, reason: string, instead: string): Draft => ({
  repairs: [],
  stages: [],
  reads: [],
  blocked: [{ object: finding.object, finding: finding.id, reason, instead }],
  notes: [],
});
