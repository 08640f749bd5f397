import { TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Guard, Obstacle } from "../draft.js";
import { probed, processesOfShard } from "../facts/processes.js";
import { type CellGraph, type ShardRef, shardName, shardRecords } from "../facts/topology.js";
import { type Misrouted, movesOf, unmovable } from "../serving/misrouted.js";
import { nobodyToRead } from "../serving/moves.js";
import { faultOf, namesOf, referencesOf } from "../serving/partitions.js";
import { makeAnew } from "./cell-routes.js";

/**
 * What keeps "no workflow is left that moves shards of this keyspace" from being proven: one that is there, or a primary that did not
 * say which streams it has.
 */
export const workflowInTheWay: Guard<{ readonly keyspace: string }> = (snapshot, { keyspace }) => {
  const [workflow] = snapshot.all<{ name: string; phase: string }>(
    "SELECT workflow AS name, phase FROM workflow WHERE keyspace = ? AND migration = 'shards' ORDER BY is_reverse, workflow LIMIT 1",
    keyspace,
  );
  if (workflow !== undefined)
    return [
      {
        reason: `the workflow ${keyspace}.${workflow.name} moves shards of ${keyspace} (${workflow.phase}), so where traffic belongs is its own business`,
        instead: `switch it with vtctldclient Reshard --workflow ${workflow.name} --target-keyspace ${keyspace} switchtraffic or reversetraffic`,
      },
    ];
  return silentShards(snapshot, keyspace, "one may belong to a switch that is not over");
};

/** No stream of these keyspaces was seen that needs the thing; one that nobody told of would be missed. */
export const unknownStreams: Guard<{ readonly keyspaces: readonly string[] }> = (snapshot, { keyspaces }) =>
  keyspaces.flatMap((keyspace) => silentShards(snapshot, keyspace, "one of them may need this")).slice(0, 1);

const silentShards = (snapshot: Snapshot, keyspace: string, because: string): readonly Obstacle[] => {
  const silent = shardRecords(snapshot, keyspace).find((shard) => !streamsKnown(snapshot, shard));
  return silent === undefined
    ? []
    : [
        {
          reason: `no primary of ${shardName(silent)} said which streams it has, and ${because}`,
          instead: `start the tablets of ${shardName(silent)} and scan again`,
        },
      ];
};

export const unsoundReads: Guard<Misrouted> = (_, broken) =>
  unmovable(broken)
    .slice(0, 1)
    .map(({ cell, why }) => ({
      reason: `the reads of cell ${cell} can not be put back: ${why}`,
      instead: `repair first that its SrvKeyspace of ${broken.keyspace} names shards that do not cover every keyspace id, then scan again`,
    }));

/** Reads that work would go to nobody: they are left as they are; where writes are broken too, those are repaired. */
export const unservedReads: Guard<Misrouted> = (snapshot, broken) =>
  broken.reads !== "old"
    ? []
    : movesOf(broken)
        .flatMap((move) => nobodyToRead(snapshot, move) ?? [])
        .slice(0, 1);

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

/**
 * What keeps "the writes of the keyspace never left the shards that every cell routes them to" from being proven
 * (docs/vitess.md#cancel-guards): their own flags, and each cell's PRIMARY partition, have to say the same.
 */
export const unmovedWrites: Guard<{ readonly keyspace: string; readonly graphs: readonly CellGraph[] }> = (
  snapshot,
  { keyspace, graphs },
) => {
  const serving = shardRecords(snapshot, keyspace)
    .filter((shard) => shard.serving === 1)
    .map(({ shard }) => shard);
  for (const { cell, answered, key, modRevision, record } of graphs) {
    if (answered === 0)
      return [
        {
          reason: `cell ${cell} did not answer, and writes may go elsewhere there`,
          instead: `bring the topology of ${cell} back and scan again`,
        },
      ];
    if (record === "unreadable")
      return [
        {
          reason: `${key} can not be decoded`,
          instead: makeAnew({ cell, key }, keyspace),
        },
      ];
    if (record === "absent") continue;
    const routed = referencesOf(record, TabletType.PRIMARY);
    const names = namesOf(routed).toSorted();
    if (names.join() !== serving.toSorted().join())
      return [
        {
          reason: `writes may have moved: cell ${cell} routes them to ${names.join(", ") || "no shard"} (${key}, revision ${modRevision}), and by their records ${serving.join(", ") || "no shard"} of ${keyspace} serve`,
          instead:
            "find out which shards have the newest data, make flags (SetShardIsPrimaryServing) and graph (RebuildKeyspaceGraph) say so, then scan again",
        },
      ];
    const fault = faultOf(routed);
    if (fault !== null)
      return [
        {
          reason: `the shards that take the writes of ${keyspace} do not cover it: ${fault}`,
          instead:
            "find out which shards have the newest data and make their flags say so (SetShardIsPrimaryServing), then scan again",
        },
      ];
  }
  return [];
};
