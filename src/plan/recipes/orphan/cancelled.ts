import type { Snapshot } from "../../../snapshot/snapshot.js";
import { isPrimary, processesOfShard } from "../../view/processes.js";
import { referenceCopies } from "../../view/reference-copies.js";
import { shardName } from "../../view/shards.js";
import type { StreamGroup } from "../../view/streams.js";
import type { OrphanShard } from "./inspect.js";

/**
 * The streams on a dropped shard that end with the proven cancel that dropped it: its workflow's, and the copies of reference-table streams
 * that its Reshard made there (docs/vitess.md#reference-copies). Any other may be wanted: a Materialize, or the workflow of a shard that
 * a person deleted by mistake.
 */
export const cancelledStreams = (snapshot: Snapshot, orphan: OrphanShard): readonly StreamGroup[] => {
  const workflows = snapshot
    .rows("cancelled_target", { keyspace: orphan.keyspace, shard: orphan.shard, fate: "dropped" })
    .map(({ workflow }) => workflow);
  const own = orphan.groups.filter((group) => workflows.includes(group.workflow));
  const sources = own
    .flatMap((group) => group.streams)
    .flatMap((stream) => processesOfShard(snapshot, stream.sourceKeyspace, stream.sourceShard))
    .filter(isPrimary);
  const copies = workflows.flatMap((workflow) =>
    referenceCopies(snapshot, orphan.primaries, sources, workflow),
  );
  return orphan.groups.filter(
    (group) => own.includes(group) || copies.some((copy) => sameGroup(copy, group)),
  );
};

const sameGroup = (one: StreamGroup, other: StreamGroup): boolean =>
  one.process.address === other.process.address &&
  one.workflow === other.workflow &&
  one.dbName === other.dbName;

/** What is said of the streams that stay on a shard whose records come back. */
export const stayingNotes = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] => {
  const going = cancelledStreams(snapshot, orphan);
  return orphan.groups
    .filter((group) => !going.includes(group))
    .map(
      ({ workflow, process }) =>
        `the streams of ${workflow} on ${process.alias} stay as they are, as no cancel of it is proven; if it is not wanted, cancel ${orphan.keyspace}.${workflow} once ${shardName(orphan)} is back`,
    );
};
