import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { probed, processesOfShard } from "../view/processes.js";
import { type ShardRef, shardName, shardRecords } from "../view/shards.js";

/**
 * What keeps "no workflow is left that moves shards of this keyspace" from being proven: one that is there, or a primary that did not
 * say which streams it has. Null: it is proven.
 */
export const workflowInTheWay = (snapshot: Snapshot, keyspace: string): Obstacle | null => {
  const [workflow] = snapshot.all<{ name: string; phase: string }>(
    "SELECT workflow AS name, phase FROM workflow WHERE keyspace = ? AND migration = 'shards' ORDER BY is_reverse, workflow LIMIT 1",
    keyspace,
  );
  if (workflow !== undefined)
    return {
      reason: `the workflow ${keyspace}.${workflow.name} moves shards of ${keyspace} (${workflow.phase}), so where traffic belongs is its own business`,
      instead: `switch it with vtctldclient Reshard --workflow ${workflow.name} --target-keyspace ${keyspace} switchtraffic or reversetraffic`,
    };
  const silent = shardRecords(snapshot, keyspace).find((shard) => !streamsKnown(snapshot, shard));
  return silent === undefined
    ? null
    : {
        reason: `no primary of ${shardName(silent)} said which streams it has, and one may belong to a switch that is not over`,
        instead: `start the tablets of ${shardName(silent)} and scan again`,
      };
};

/** A shard that never had a primary has no engine, hence no streams. */
const streamsKnown = (
  snapshot: Snapshot,
  shard: ShardRef & { readonly primaryAlias: string | null },
): boolean =>
  shard.primaryAlias === null ||
  processesOfShard(snapshot, shard.keyspace, shard.shard).some(
    (process) =>
      process.alias === shard.primaryAlias &&
      process.type === "PRIMARY" &&
      probed(snapshot, process.address, "streams") &&
      snapshot.rows("unparsable_source", { address: process.address }).length === 0,
  );
