import { RefusedError } from "../cluster/errors.js";
import type { Snapshot } from "../snapshot/snapshot.js";

/** A plan must not rest on what nobody asked for. Throws `RefusedError` on a snapshot of an older vtdoctor that lacks something. */
export const refuseOlderSnapshot = (snapshot: Snapshot): void => {
  const lacks = snapshot.rows("unanswered", { reason: "not-asked" });
  const [first] = lacks;
  if (first === undefined) return;
  throw new RefusedError(
    `the snapshot lacks ${lacks.map(({ subject }) => subject).join(", ")} (${first.message}): nothing is planned on what was not seen; plan on the cluster, or on a snapshot that this vtdoctor saves`,
  );
};

/**
 * Where etcd was put back from an older backup, records are missing that nobody deleted, and every repair would be built on a past
 * (docs/decisions.md#d8). Throws `RefusedError` unless the operator has typed that it is not so; asking is the command line's.
 */
export const refuseRestoredTopology = (snapshot: Snapshot, confirmed: boolean): void => {
  const signs = snapshot.rows("restored_topology");
  if (confirmed || signs.length === 0) return;
  throw new RefusedError(
    `the topology looks as if it was put back from an older backup (${signs.map(({ detail }) => detail).join("; ")}): nothing is repaired on it without a typed confirmation`,
  );
};
