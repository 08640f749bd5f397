import { keyRangeOfShard, overlaps } from "../../../cluster/key-range.js";
import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { Process } from "../../view/processes.js";
import { cells, keyspaceRecord, type Obstacle, shardName, shardRecords } from "../../view/shards.js";
import { unaccounted } from "./accounting.js";
import { type OrphanShard, streamsKnown } from "./inspect.js";
import { operatorObstacles } from "./operated.js";
import { twins } from "./twins.js";

/** What forbids to restore the shard's records; empty: they may be restored (docs/decisions.md#d17). */
export const obstacles = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] => [
  ...operatorObstacles(snapshot, orphan),
  ...keyspaceObstacles(snapshot, orphan),
  ...silentCells(snapshot, orphan),
  ...rangeObstacles(snapshot, orphan),
  ...primaryObstacles(snapshot, orphan),
  ...unaccounted(snapshot, orphan),
];

const keyspaceObstacles = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] =>
  keyspaceRecord(snapshot, orphan.keyspace) === null
    ? [
        {
          reason: `the keyspace ${orphan.keyspace} has no record, so ${shardName(orphan)} has nowhere to go`,
          instead: `create the keyspace again if it was deleted by mistake, or say --orphans retire`,
        },
      ]
    : [];

export const servingObstacles = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] => [
  ...silentCells(snapshot, orphan),
  ...routesTo(snapshot, orphan),
];

export const silentCells = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] =>
  cells(snapshot)
    .filter((cell) => cell.answered === 0)
    .map(({ cell }) => ({
      reason: `cell ${cell} did not answer, so it is not proven that nothing is routed to ${shardName(orphan)}`,
      instead: "make the cell's topology server reachable, then plan again",
    }));

export const routesTo = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] =>
  snapshot
    .rows("srv_partition", { keyspace: orphan.keyspace, shard: orphan.shard })
    .map(({ cell, tablet_type, key, revision }) => ({
      reason: `${tablet_type} queries of cell ${cell} are routed to ${shardName(orphan)} (${key}, revision ${revision})`,
      instead: "route them back to the shards that serve writes first",
    }));

const rangeObstacles = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] => {
  const range = keyRangeOfShard(orphan.shard);
  if (range === null)
    return [
      {
        reason: `${orphan.shard} is no shard name that Vitess accepts`,
        instead: "restore its records by hand",
      },
    ];
  const records = shardRecords(snapshot, orphan.keyspace);
  const younger = records.filter(
    (other) =>
      overlaps(other, range) &&
      (orphan.deletion === null
        ? other.serving === 0
        : other.createRevision > orphan.deletion.deletedRevision),
  );
  return younger.map((other) => ({
    reason: `${shardName(other)} overlaps ${shardName(orphan)} and ${orphan.deletion === null ? "may be" : "is"} younger than its deletion (created at revision ${other.createRevision})`,
    instead: "the range was given to another shard since: say --orphans retire",
  }));
};

const primaryObstacles = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] => {
  const [primary] = orphan.primaries;
  if (primary === undefined && twins(orphan.processes).size > 0) return [];
  if (primary === undefined)
    return [
      {
        reason: `no process of ${shardName(orphan)} is PRIMARY, so its streams can not be stopped through a tablet and nobody would fill in the Shard record`,
        instead: "do not restart or promote anything there: a stream that is left would run again",
      },
    ];
  if (orphan.primaries.length > 1)
    return [
      {
        reason: `${orphan.primaries.map((process) => process.alias).join(" and ")} both say that they are PRIMARY of ${shardName(orphan)}`,
        instead: "end the older primary's term first",
      },
    ];
  return engineObstacles(snapshot, orphan, primary);
};

/** Whether all of the engine's streams are known and understood. */
export const engineObstacles = (
  snapshot: Snapshot,
  orphan: OrphanShard,
  primary: Process,
): readonly Obstacle[] => [
  ...(streamsKnown(snapshot, primary)
    ? []
    : [
        {
          reason: `${primary.alias} did not say which streams it has`,
          instead: "make it answer (see the scan's coverage), then plan again",
        },
      ]),
  ...unreadable(snapshot, orphan),
];

const unreadable = (snapshot: Snapshot, orphan: OrphanShard): readonly Obstacle[] =>
  orphan.processes.flatMap((process) =>
    snapshot.rows("unparsable_source", { address: process.address }).map(({ id, workflow }) => ({
      reason: `the source of stream ${id} of ${workflow} on ${process.alias} can not be read, so nothing may rest on it`,
      instead: "look at the row in `_vt.vreplication` and delete it through the tablet by hand",
    })),
  );
