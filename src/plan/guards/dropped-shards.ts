import { keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { flagValue } from "../../tablets/command-line.js";
import { decodeTablet } from "../../topology/records.js";
import type { Guard, Obstacle, Stopping } from "../draft.js";
import type { OrphanShard } from "../facts/dropped-shard.js";
import { claimedTwice, type Process, probed, unknownRecordOf } from "../facts/processes.js";
import { cells, covers, keyspaceRecord, type ShardRef, shardName, shardRecords } from "../facts/topology.js";

/** Every label of vitess-operator begins so (pkg/apis/planetscale/v2/labels.go); whoever copies them to tablets does it with --init-tags. */
const LABEL_PREFIX = "planetscale.com/";

/** Where its pods have the socket of mysqlctld (pkg/operator/vttablet/constants.go), which it passes to every vttablet. */
const POD_SOCKET = "/vt/socket/mysqlctl.sock";

/**
 * Tablets of vitess-operator: it prunes the records of what its custom resource does not have, starts again what it has, and would undo
 * either repair.
 */
export const ownedByOperator: Guard<OrphanShard> = (snapshot, orphan) => {
  const signs = [...tagged(snapshot, orphan), ...inPods(snapshot, orphan)];
  const [sign] = signs;
  return sign === undefined
    ? []
    : [
        {
          reason: `the tablets of ${shardName(orphan)} belong to vitess-operator (${sign}), which would undo what is done here`,
          instead: `change the custom resource first: the VitessCluster whose keyspace ${orphan.keyspace} has, or is to lose, the shard ${orphan.shard}; the operator then starts or ends the tablets itself`,
        },
      ];
};

const tagged = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] => {
  const { keyspace, shard } = orphan;
  const recorded = snapshot.rows("tablet", { keyspace, shard });
  const deleted = orphan.tablets.flatMap(({ alias, value }) => {
    const record = decodeTablet(value);
    return record.kind === "answered" ? [{ alias, tags_json: JSON.stringify(record.value.tags) }] : [];
  });
  return [...recorded, ...deleted].flatMap(({ alias, tags_json }) =>
    Object.entries(JSON.parse(tags_json) as Readonly<Record<string, string>>)
      .filter(([name]) => name.startsWith(LABEL_PREFIX))
      .map(([name, value]) => `${alias} has the tag ${name}=${value}`),
  );
};

const inPods = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] =>
  orphan.processes.flatMap(({ alias, address }) => {
    const [live] = snapshot.rows("live_tablet", { address });
    const words = JSON.parse(live?.command_line_json ?? "[]") as readonly string[];
    return flagValue(words, "mysqlctl-socket") === POD_SOCKET
      ? [`${alias} was started with --mysqlctl_socket=${POD_SOCKET}, as its pods are`]
      : [];
  });

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

/** An alias that more than one process claims: nobody can tell which of them is the tablet, so neither is touched. */
export const aliasClash: Guard<{ readonly processes: readonly Process[] }> = (_, { processes }) =>
  [...claimedTwice(processes)].map((alias) => {
    const addresses = processes.filter((process) => process.alias === alias).map(({ address }) => address);
    return {
      reason: `${addresses.length} processes say that they are ${alias} (${addresses.join(", ")}): a record could only name one of them, and neither is touched`,
      instead: "stop the one that is a copy, then plan again",
    };
  });

type Processes = Pick<OrphanShard, "processes">;

/** Streams of the primaries' engines that are not known, or not understood. */
export const unknownStreams: Guard<OrphanShard> = (snapshot, shard) =>
  shard.primaries.flatMap((primary) => streamsOfEngine(snapshot, shard, primary));

/** The same of every tablet's: where none is PRIMARY, each has the rows in its MySQL. */
export const unknownRows: Guard<Processes> = (snapshot, shard) =>
  shard.processes.flatMap((process) => streamsOfEngine(snapshot, shard, process));

/** Whether all of the engine's streams are known and understood. */
const streamsOfEngine = (snapshot: Snapshot, shard: Processes, primary: Process): readonly Obstacle[] => [
  ...(probed(snapshot, primary.address, "streams")
    ? []
    : [
        {
          reason: `${primary.alias} did not say which streams it has`,
          instead: "make it answer (see the scan's coverage), then plan again",
        },
      ]),
  ...unreadable(snapshot, shard),
];

const unreadable = (snapshot: Snapshot, shard: Processes): readonly Obstacle[] =>
  shard.processes.flatMap((process) =>
    snapshot.rows("unparsable_source", { address: process.address }).map(({ id, workflow }) => ({
      reason: `the source of stream ${id} of ${workflow} on ${process.alias} can not be read, so nothing may rest on it`,
      instead: "look at the row in `_vt.vreplication` and delete it through the tablet by hand",
    })),
  );

export const nobodySaidHow: Guard<ShardRef & { readonly stopping: Stopping | null }> = (_, shard) =>
  shard.stopping !== null
    ? []
    : [
        {
          reason: `nobody said how the vttablets of ${shardName(shard)} are ended: under a supervisor they would come back and bring the shard back`,
          instead:
            "name the command that stops one for good as hooks.stopTablet (config key or flag, like 'systemctl stop vttablet@{alias}'), or give --unsupervised where nothing starts them again",
        },
      ];

/** Only where the record of a process is known can it be said how the process ends. */
export const unknownRecords: Guard<{ readonly processes: readonly Process[] }> = (_, { processes }) =>
  processes
    .filter(({ record }) => record === "unknown")
    .map(({ alias }) => ({
      reason: unknownRecordOf(alias),
      instead:
        "make the cell's topology server reachable, or take the record that nobody can decode away, then plan again",
    }));

export const keyspaceGone: Guard<OrphanShard> = (snapshot, orphan) =>
  keyspaceRecord(snapshot, orphan.keyspace) === null
    ? [
        {
          reason: `the keyspace ${orphan.keyspace} has no record, so ${shardName(orphan)} has nowhere to go`,
          instead: `was it deleted by mistake, put the keyspace back whole, by its own finding keyspace-missing-live-tablets@${orphan.keyspace}; was it meant, say --orphans retire`,
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
