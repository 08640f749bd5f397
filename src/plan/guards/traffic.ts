import { keyRangeOfShard } from "../../cluster/key-range.js";
import type { Guard } from "../draft.js";
import { cells, covers, keyspaceRecord, type ShardRef, shardName, shardRecords } from "../view/shards.js";

export const silentCells: Guard<ShardRef> = (snapshot, shard) =>
  cells(snapshot)
    .filter((cell) => cell.answered === 0)
    .map(({ cell }) => ({
      reason: `cell ${cell} did not answer, so it is not proven that nothing is routed to ${shardName(shard)}`,
      instead: "make the cell's topology server reachable, then plan again",
    }));

/** Queries that vtgates of some cell send to the shard. */
export const routedQueries: Guard<ShardRef> = (snapshot, shard) =>
  snapshot
    .rows("srv_partition", { keyspace: shard.keyspace, shard: shard.shard })
    .map(({ cell, tablet_type, key, revision }) => ({
      reason: `${tablet_type} queries of cell ${cell} are routed to ${shardName(shard)} (${key}, revision ${revision})`,
      instead: "route them back to the shards that serve writes first",
    }));

/** A keyspace that somebody deleted as a whole has nobody to cover it; one that exists does. */
export const onlyCopy: Guard<ShardRef> = (snapshot, shard) => {
  const range = keyRangeOfShard(shard.shard);
  if (range === null || keyspaceRecord(snapshot, shard.keyspace) === null) return [];
  const serving = shardRecords(snapshot, shard.keyspace).filter((other) => other.serving === 1);
  return covers(serving, range)
    ? []
    : [
        {
          reason: `the serving shards of ${shard.keyspace} do not cover the range of ${shardName(shard)}, so its tablets may hold the only copy`,
          instead: "find out which side holds the data before anything is stopped",
        },
      ];
};
