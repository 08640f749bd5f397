import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { FixRequest } from "../../context.js";
import { type Obstacle, shardName, shardRecords } from "../../view/shards.js";
import { engineObstacles, servingObstacles } from "../orphan/preconditions.js";
import type { Returned } from "./inspect.js";
import { leavingObstacles } from "./leaving.js";
import { unreachableRows } from "./rows.js";

/** What of a request counts here. */
export type Asked = Pick<FixRequest, "orphans" | "stopping" | "vtctld">;

/** What forbids to touch the shard's rows; empty: they may go. */
export const whatForbids = (snapshot: Snapshot, shard: Returned, request: Asked): readonly Obstacle[] => [
  ...(request.orphans === "retire"
    ? leavingObstacles(snapshot, shard, request)
    : [...consentMissing(shard, request), ...silent(snapshot, shard), ...readOnly(shard)]),
  ...stillServing(snapshot, shard),
  ...servingObstacles(snapshot, shard),
  ...shard.processes.flatMap((process) => engineObstacles(snapshot, shard, process)),
];

/** What a cancel dropped was meant to lose its streams; what a person dropped, only that person can say (docs/decisions.md#d8). */
const consentMissing = (shard: Returned, { orphans }: Asked): readonly Obstacle[] =>
  shard.deletion?.operation === "cancel" || orphans === "restore"
    ? []
    : [
        {
          reason: `nothing says that a cancel had dropped ${shardName(shard)} before it came back, so its streams may be wanted`,
          instead:
            "say --orphans restore to clear its old streams and keep the shard, --orphans retire to end its vttablets and take its records away, or --orphans leave",
        },
      ];

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
  unreachableRows(shard).map(({ process, workflow }) => ({
    reason: `every MySQL of ${shardName(shard)} is read-only (${process.alias} too), so the rows of ${workflow} can not be cleared`,
    instead: `make the one writable that was primary (SET GLOBAL super_read_only = OFF, read_only = OFF), then plan again`,
  }));
