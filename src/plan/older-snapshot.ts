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
