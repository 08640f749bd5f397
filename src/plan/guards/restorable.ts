import { keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import type { Guard } from "../draft.js";
import type { OrphanShard } from "../view/dropped-shard.js";
import { claimedTwice } from "../view/processes.js";
import { keyspaceRecord, shardName, shardRecords } from "../view/shards.js";
import { streamsOfEngine } from "./engines.js";

export const keyspaceGone: Guard<OrphanShard> = (snapshot, orphan) =>
  keyspaceRecord(snapshot, orphan.keyspace) === null
    ? [
        {
          reason: `the keyspace ${orphan.keyspace} has no record, so ${shardName(orphan)} has nowhere to go`,
          instead: `create the keyspace again if it was deleted by mistake, or say --orphans retire`,
        },
      ]
    : [];

/** Its range may have been given to another shard since it was dropped. */
export const rangeTaken: Guard<OrphanShard> = (snapshot, orphan) => {
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

/** Exactly one process has to be PRIMARY: streams end through it, and it fills in the Shard record. */
export const primaryUnfit: Guard<OrphanShard> = (snapshot, orphan) => {
  const [primary] = orphan.primaries;
  if (primary === undefined && claimedTwice(orphan.processes).size > 0) return [];
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
  return streamsOfEngine(snapshot, orphan, primary);
};
