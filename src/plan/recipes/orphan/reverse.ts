import type { Snapshot } from "../../../snapshot/snapshot.js";
import { isPrimary, processAt } from "../../view/processes.js";
import { groupStreams, type StreamFact, type StreamGroup, streamsAt } from "../../view/streams.js";
import type { OrphanShard } from "./inspect.js";

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
