import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { FixRequest } from "../../context.js";
import { type Obstacle, shardName, shardRecords } from "../../view/shards.js";
import { engineObstacles, servingObstacles } from "../orphan/preconditions.js";
import type { Returned } from "./inspect.js";

/** What of a request counts here. */
export type Asked = Pick<FixRequest, "orphans" | "vtctld">;

/** What forbids to touch the shard's rows; empty: they may go. */
export const whatForbids = (snapshot: Snapshot, shard: Returned, request: Asked): readonly Obstacle[] => [
  ...consentMissing(shard, request),
  ...stillServing(snapshot, shard),
  ...servingObstacles(snapshot, shard),
  ...silent(snapshot, shard),
  ...shard.processes.flatMap((process) => engineObstacles(snapshot, shard, process)),
  ...readOnly(shard),
];

/** What a cancel dropped was meant to lose its streams; what a person dropped, only that person can say (design D8). */
const consentMissing = (shard: Returned, { orphans }: Asked): readonly Obstacle[] => {
  const name = shardName(shard);
  if (orphans === "retire")
    return [
      {
        reason: `${name} has records again, so its vttablets do not end themselves, and vtdoctor deletes no records`,
        instead: `stop its vttablets for good where they are started, then: vtctldclient DeleteShards --recursive ${name}`,
      },
    ];
  return shard.deletion?.operation === "cancel" || orphans === "restore"
    ? []
    : [
        {
          reason: `nothing says that a cancel had dropped ${name} before it came back, so its streams may be wanted`,
          instead:
            "say --orphans restore to clear its old streams and keep the shard, or --orphans leave; to be rid of it, stop its vttablets, then vtctldclient DeleteShards --recursive",
        },
      ];
};

const stillServing = (snapshot: Snapshot, shard: Returned): readonly Obstacle[] =>
  shardRecords(snapshot, shard.keyspace)
    .filter((record) => record.shard === shard.shard && record.serving === 1)
    .map(() => ({
      reason: `${shardName(shard)} serves writes by its record, so its streams may be somebody's way back`,
      instead: "find out which side holds the data first",
    }));

/** A tablet that does not answer could be the primary whose engine has the rows in memory. */
const silent = (snapshot: Snapshot, shard: Returned): readonly Obstacle[] =>
  snapshot
    .all<{ alias: string; address: string }>(
      `SELECT alias, address FROM tablet WHERE keyspace = ? AND shard = ? AND shut_down_at IS NULL
         AND alias NOT IN (SELECT alias FROM process WHERE same_cluster = 1) ORDER BY alias`,
      shard.keyspace,
      shard.shard,
    )
    .map(({ alias, address }) => ({
      reason: `${alias} of ${shardName(shard)} does not answer at ${address}: nobody knows whether its engine has the rows in memory`,
      instead: `start ${alias} or end its process for good, then plan again`,
    }));

const readOnly = (shard: Returned): readonly Obstacle[] =>
  shard.primaries.length > 0
    ? []
    : shard.old
        .filter(({ process }) => process.readOnly === 1)
        .map(({ process, workflow }) => ({
          reason: `every MySQL of ${shardName(shard)} is read-only (${process.alias} too), so the rows of ${workflow} can not be cleared`,
          instead: `make the one writable that was primary (SET GLOBAL super_read_only = OFF, read_only = OFF), then plan again`,
        }));
