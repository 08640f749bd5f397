import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Guard, type Obstacle, obstaclesTo, type ShardRequest } from "../draft.js";
import { isClosed, processAt, processesOfAlias } from "../facts/processes.js";
import { unknownKinds } from "../facts/stream-facts.js";
import { type ShardRef, shardName, shardRecords } from "../facts/topology.js";
import {
  aliasClash,
  nobodySaidHow,
  onlyCopy,
  ownedByOperator,
  routedQueries,
  silentCells,
  unknownRecords,
  unknownRows,
} from "../guards/dropped-shards.js";
import { membersOf, type Returned, unreachableRows } from "./returned.js";

/** With what the operator said of it. */
export type AskedReturned = Returned & ShardRequest;

/** What forbids to touch its rows. */
export const untouchable: Guard<AskedReturned> = (snapshot, shard) =>
  obstaclesTo(
    [...(shard.orphans === "retire" ? UNLESS_RETIRED : UNLESS_CLEARED), ...ALWAYS],
    snapshot,
    shard,
  );

/** What a cancel dropped was meant to lose its streams; what a person dropped, only that person can say (docs/decisions.md#d8). */
const neverAsked: Guard<AskedReturned> = (_, shard) =>
  shard.deletion?.operation === "cancel" || shard.orphans === "restore"
    ? []
    : [
        {
          reason: `nothing says that a cancel had dropped ${shardName(shard)} before it came back, so its streams may be wanted`,
          instead:
            "say --orphans restore to clear its old streams and keep the shard, --orphans retire to end its vttablets and take its records away, or --orphans leave",
        },
      ];

const servesWrites: Guard<Returned> = (snapshot, shard) =>
  shardRecords(snapshot, shard.keyspace)
    .filter((record) => record.shard === shard.shard && record.serving === 1)
    .map(() => ({
      reason: `${shardName(shard)} serves writes by its record, so its streams may be somebody's way back`,
      instead: "find out which side holds the data first",
    }));

/** A tablet that does not answer could be the primary whose engine has the rows in memory. */
const silentTablets: Guard<Returned> = (snapshot, shard) =>
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

const readOnlyServers: Guard<Returned> = (_, shard) =>
  unreachableRows(shard).map(({ process, workflow }) => ({
    reason: `every MySQL of ${shardName(shard)} is read-only (${process.alias} too), so the rows of ${workflow} can not be cleared`,
    instead: `make the one writable that was primary (SET GLOBAL super_read_only = OFF, read_only = OFF), then plan again`,
  }));

const wantedStreams: Guard<Returned> = (_, shard) =>
  shard.kept.map(({ workflow, process }) => ({
    reason: `${workflow} on ${process.alias} is not clearly older than the deletion of ${shardName(shard)}, so somebody may use the shard`,
    instead: `cancel ${shard.keyspace}.${workflow} first, or keep the shard with --orphans restore`,
  }));

/** `isEnding`: whether the plan ends these streams itself. */
export const readingWorkflows = (
  snapshot: Snapshot,
  shard: ShardRef,
  isEnding: (stream: { readonly keyspace: string; readonly workflow: string }) => boolean = () => false,
): readonly Obstacle[] =>
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
    .filter((stream) => !isEnding(stream))
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
const recordedProcesses: Guard<AskedReturned> = (_, shard) =>
  (shard.stopping?.kind === "unsupervised" ? shard.processes : [])
    .filter(({ record }) => record === "present")
    .map(({ alias }) => ({
      reason: `${alias} has its record again, so it does not end itself, and the record of a running vttablet is never removed`,
      instead: `name the command that stops it for good as hooks.stopTablet, or end that vttablet yourself (SIGTERM) and plan again`,
    }));

export const otherProcesses: Guard<Returned> = (_, { processes }) =>
  processes
    .filter(({ record }) => record === "other-address")
    .map(({ alias }) => ({
      reason: `the record of ${alias} names another process`,
      instead: "find out which of the two is the tablet and stop the other, then plan again",
    }));

/** That nothing listens where its record says is seen twice more before its record goes. */
export const notProvenEnded: Guard<Returned> = (snapshot, shard) =>
  membersOf(snapshot, shard).flatMap(({ alias, record, process }) => {
    if (process !== null || record === null || record.address === "") return [];
    if (processesOfAlias(snapshot, alias).length > 0 || isClosed(snapshot, record.address)) return [];
    return [
      {
        reason: `${alias} of ${shardName(shard)} does not answer at ${record.address}, and nobody knows whether its process has ended`,
        instead: `end ${alias} for good or make it answer, then plan again`,
      },
    ];
  });

/** What forbids to clear its old streams and to keep the shard. */
const UNLESS_CLEARED: readonly Guard<AskedReturned>[] = [neverAsked, silentTablets, readOnlyServers];

/**
 * What forbids to end its vttablets and to take its records away (docs/decisions.md#d19, docs/decisions.md#d20). A shard of which no
 * process is left needs nobody to end one.
 */
const UNLESS_RETIRED: readonly Guard<AskedReturned>[] = [
  ownedByOperator,
  aliasClash,
  onlyCopy,
  wantedStreams,
  (snapshot, shard) => readingWorkflows(snapshot, shard),
  (snapshot, shard) => (shard.processes.length > 0 ? nobodySaidHow(snapshot, shard) : []),
  recordedProcesses,
  otherProcesses,
  unknownRecords,
  notProvenEnded,
];

const ALWAYS: readonly Guard<AskedReturned>[] = [
  servesWrites,
  silentCells,
  routedQueries,
  unknownRows,
  (snapshot, shard) => unknownKinds(snapshot, shard.old),
];
