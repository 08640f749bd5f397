import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { FixRequest } from "../../context.js";
import { processAt, processesOfAlias } from "../../view/processes.js";
import { type Obstacle, shardName } from "../../view/shards.js";
import { operatorObstacles } from "../orphan/operated.js";
import { nobodySaidHow, onlyCopy, recordObstacles } from "../orphan/retire.js";
import { twinObstacles } from "../orphan/twins.js";
import type { Returned } from "./inspect.js";
import { membersOf } from "./members.js";

/**
 * What forbids to end the shard's vttablets and to take its records away; empty: it may leave (docs/decisions.md#d19,
 * docs/decisions.md#d20).
 */
export const leavingObstacles = (
  snapshot: Snapshot,
  shard: Returned,
  { stopping }: Pick<FixRequest, "stopping">,
): readonly Obstacle[] => [
  ...operatorObstacles(snapshot, shard),
  ...twinObstacles(shard.processes),
  ...onlyCopy(snapshot, shard),
  ...wanted(shard),
  ...readers(snapshot, shard),
  ...(stopping === null && shard.processes.length > 0 ? [nobodySaidHow(shard)] : []),
  ...(stopping?.kind === "unsupervised" ? recorded(shard) : []),
  ...strayed(shard),
  ...silent(snapshot, shard),
];

const wanted = (shard: Returned): readonly Obstacle[] =>
  shard.kept.map(({ workflow, process }) => ({
    reason: `${workflow} on ${process.alias} is not clearly older than the deletion of ${shardName(shard)}, so somebody may use the shard`,
    instead: `cancel ${shard.keyspace}.${workflow} first, or keep the shard with --orphans restore`,
  }));

const readers = (snapshot: Snapshot, shard: Returned): readonly Obstacle[] =>
  snapshot
    .all<{ workflow: string; keyspace: string; address: string }>(
      `SELECT DISTINCT workflow, keyspace, address FROM stream
       WHERE source_keyspace = ? AND source_shard = ? AND source_external = '' AND NOT (keyspace = ? AND shard = ?)
       ORDER BY keyspace, workflow, address`,
      shard.keyspace,
      shard.shard,
      shard.keyspace,
      shard.shard,
    )
    .flatMap(({ workflow, keyspace, address }) => {
      const process = processAt(snapshot, address);
      return process === null
        ? []
        : [
            {
              reason: `${keyspace}.${workflow} on ${process.alias} reads from ${shardName(shard)}`,
              instead: `cancel ${keyspace}.${workflow} first`,
            },
          ];
    });

/** To publish ends only a process whose record is gone, and the record of a running process is never removed. */
const recorded = (shard: Returned): readonly Obstacle[] =>
  shard.processes
    .filter(({ record }) => record === "present")
    .map(({ alias }) => ({
      reason: `${alias} has its record again, so it does not end itself, and the record of a running vttablet is never removed`,
      instead: `name the command that stops it for good as hooks.stopTablet, or end that vttablet yourself (SIGTERM) and plan again`,
    }));

const strayed = (shard: Returned): readonly Obstacle[] =>
  shard.processes.flatMap((process) =>
    process.record === "other-address"
      ? [
          {
            reason: `the record of ${process.alias} names another process`,
            instead: "find out which of the two is the tablet and stop the other, then plan again",
          },
        ]
      : recordObstacles(process),
  );

/** Only a refused connection proves that a process has ended; that it was seen now is seen again before its record goes. */
const silent = (snapshot: Snapshot, shard: Returned): readonly Obstacle[] =>
  membersOf(snapshot, shard).flatMap(({ alias, record, process }) => {
    if (process !== null || record === null || record.address === "") return [];
    if (processesOfAlias(snapshot, alias).length > 0 || refuses(snapshot, record.address)) return [];
    return [
      {
        reason: `${alias} of ${shardName(shard)} does not answer at ${record.address}, and nobody knows whether its process has ended`,
        instead: `end ${alias} for good or make it answer, then plan again`,
      },
    ];
  });

const refuses = (snapshot: Snapshot, address: string): boolean =>
  snapshot
    .rows("probe", { address, answered: 0, reason: "unreachable" })
    .some(({ message }) => message?.includes("ECONNREFUSED"));
