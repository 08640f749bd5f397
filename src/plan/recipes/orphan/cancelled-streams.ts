import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { OrphanShard } from "../../view/dropped-shard.js";
import { isPrimary, processAt, processesOfShard } from "../../view/processes.js";
import { referenceCopies } from "../../view/reference-copies.js";
import { shardName } from "../../view/shards.js";
import { groupStreams, type StreamFact, type StreamGroup, streamsAt } from "../../view/streams.js";

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

/**
 * Reverse streams of the lost workflows that an interrupted switch left on source primaries. Only where every stream of the group reads
 * from one of these shards: a call deletes a whole workflow, and others of it may be somebody's way back.
 */
export const reverseLeftovers = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  groups: readonly StreamGroup[],
): readonly StreamGroup[] => {
  const names = new Set(groups.map((group) => `${group.workflow}_reverse`));
  const addresses = snapshot.all<{ address: string }>("SELECT DISTINCT address FROM stream ORDER BY address");
  return addresses.flatMap(({ address }) => {
    const process = processAt(snapshot, address);
    if (process === null || !isPrimary(process) || isOrphan(orphans, process.keyspace, process.shard))
      return [];
    return groupStreams(process, streamsAt(snapshot, address)).filter(
      (group) => names.has(group.workflow) && group.streams.every((stream) => readsFrom(orphans, stream)),
    );
  });
};

const isOrphan = (orphans: readonly OrphanShard[], keyspace: string, shard: string): boolean =>
  orphans.some((orphan) => orphan.keyspace === keyspace && orphan.shard === shard);

const readsFrom = (orphans: readonly OrphanShard[], stream: StreamFact): boolean =>
  stream.sourceExternal === "" && isOrphan(orphans, stream.sourceKeyspace, stream.sourceShard);
