import { TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { faultOf, namesOf, referencesOf } from "../serving/partitions.js";
import { shardRecords } from "../view/shards.js";
import type { CellGraph } from "../view/srv-keyspaces.js";

/**
 * What keeps "the writes of the keyspace never left the shards that every cell routes them to" from being proven
 * (docs/vitess.md#cancel-guards): their own flags, and each cell's PRIMARY partition, have to say the same. Null: they do.
 */
export const unmovedWrites = (
  snapshot: Snapshot,
  keyspace: string,
  graphs: readonly CellGraph[],
): Obstacle | null => {
  const serving = shardRecords(snapshot, keyspace)
    .filter((shard) => shard.serving === 1)
    .map(({ shard }) => shard);
  for (const { cell, answered, key, modRevision, record } of graphs) {
    if (answered === 0)
      return {
        reason: `cell ${cell} did not answer, and writes may go elsewhere there`,
        instead: `bring the topology of ${cell} back and scan again`,
      };
    if (record === "unreadable")
      return {
        reason: `${key} can not be decoded`,
        instead: `vtctldclient RebuildKeyspaceGraph --cells ${cell} ${keyspace}`,
      };
    if (record === "absent") continue;
    const routed = referencesOf(record, TabletType.PRIMARY);
    const names = namesOf(routed).toSorted();
    if (names.join() !== serving.toSorted().join())
      return {
        reason: `writes may have moved: cell ${cell} routes them to ${names.join(", ") || "no shard"} (${key}, revision ${modRevision}), and by their records ${serving.join(", ") || "no shard"} of ${keyspace} serve`,
        instead:
          "find out which shards have the newest data, make flags (SetShardIsPrimaryServing) and graph (RebuildKeyspaceGraph) say so, then scan again",
      };
    const fault = faultOf(routed);
    if (fault !== null)
      return {
        reason: `the shards that take the writes of ${keyspace} do not cover it: ${fault}`,
        instead:
          "find out which shards have the newest data and make their flags say so (SetShardIsPrimaryServing), then scan again",
      };
  }
  return null;
};
