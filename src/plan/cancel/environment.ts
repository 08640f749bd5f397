import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { isPrimary, type Process, probed, processesOfShard, tabletRef } from "../facts/processes.js";
import { type ShardRecord, shardName, shardRecords } from "../facts/topology.js";
import type { Premise } from "../fields.js";
import type { Cancellable, CancelSubject, Side } from "./types/cancel-type.js";

/** What to do about a silence. */
const MAKE_IT_ANSWER = "make it answer, then plan again: an absence is never concluded from silence";

/** What must be seen, and who must not be at work, before anything is stopped (docs/vitess.md#cancel-guards). */
export const environment = (snapshot: Snapshot, subject: Cancellable): readonly Obstacle[] => [
  ...topologySilent(snapshot),
  ...tabletsSilent(snapshot, subject),
  ...silentTargets(snapshot, subject),
  ...atWork(snapshot, subject),
  ...subject.targets.flatMap((side) => writablePrimary(snapshot, side)),
  ...subject.sources.flatMap((side) => sourcePrimary(snapshot, side)),
];

/** Which side serves is only known from every cell. */
const topologySilent = (snapshot: Snapshot): readonly Obstacle[] =>
  snapshot
    .all<{ domain: string; subject: string; message: string }>(
      `SELECT domain, subject, message FROM unanswered
       WHERE domain IN ('topology', 'cell') AND required = 1 ORDER BY domain DESC, subject`,
    )
    .map((one) => ({
      reason: `the ${one.domain === "cell" ? `topology of cell ${one.subject}` : "global topology"} did not answer (${one.message})`,
      instead: MAKE_IT_ANSWER,
    }));

const tabletsSilent = (snapshot: Snapshot, subject: CancelSubject): readonly Obstacle[] =>
  subject.targets.flatMap((side) =>
    snapshot
      .all<{ alias: string; subject: string; domain: string; message: string }>(
        `SELECT alias, subject, domain, message FROM unanswered
         WHERE domain IN ('tablet', 'sidecar') AND required = 1 AND keyspace = ? AND shard = ?
         ORDER BY domain DESC, subject`,
        side.keyspace,
        side.shard,
      )
      .map((one) => ({
        reason: `tablet ${one.alias || one.subject} of target ${shardName(side)} did not answer (${one.domain}: ${one.message})`,
        instead: MAKE_IT_ANSWER,
      })),
  );

/**
 * Shards of the target keyspace that show no stream of the workflow and could have one. A target whose primary is silent looks like no target at all, and its stream would live on.
 */
const otherShards = (snapshot: Snapshot, subject: Cancellable): readonly ShardRecord[] =>
  shardRecords(snapshot, subject.keyspace).filter(
    (record) =>
      ![...subject.targets, ...subject.apart].some((side) => side.shard === record.shard) &&
      subject.type.couldTarget(record) &&
      hasTablets(snapshot, record),
  );

const silentTargets = (snapshot: Snapshot, subject: Cancellable): readonly Obstacle[] =>
  otherShards(snapshot, subject)
    .filter((record) => speakers(snapshot, record).length === 0)
    .map((record) => ({
      reason: `no primary of ${shardName(record)} said whether it has streams of ${subject.workflow}`,
      instead: MAKE_IT_ANSWER,
    }));

/** That they have no stream of it is part of what the plan rests on. */
export const absencePremises = (snapshot: Snapshot, subject: Cancellable): readonly Premise[] =>
  otherShards(snapshot, subject)
    .flatMap((record) => speakers(snapshot, record))
    .map((process) => ({
      kind: "stream-rows",
      tablet: tabletRef(snapshot, process),
      workflow: subject.workflow,
      dbName: process.dbName,
      ids: [],
    }));

const speakers = (snapshot: Snapshot, record: ShardRecord): readonly Process[] =>
  processesOfShard(snapshot, record.keyspace, record.shard).filter(
    (process) => isPrimary(process) && probed(snapshot, process.address, "streams"),
  );

const hasTablets = (snapshot: Snapshot, record: ShardRecord): boolean =>
  snapshot.all(
    `SELECT 1 FROM tablet WHERE keyspace = ? AND shard = ?
     UNION SELECT 1 FROM process WHERE keyspace = ? AND shard = ? AND same_cluster = 1`,
    record.keyspace,
    record.shard,
    record.keyspace,
    record.shard,
  ).length > 0;

interface Lock {
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly host: string;
  /** Null where it is older than its operation may be. */
  readonly until: number | null;
  readonly keyspace: string;
  readonly shard: string | null;
  readonly workflow: string | null;
}

/** An operation on its keyspaces, its shards or itself; a dead holder's lock would be in the way too. */
const atWork = (snapshot: Snapshot, subject: CancelSubject): readonly Obstacle[] =>
  snapshot
    .all<Lock>(
      `SELECT l.kind, l.key, l.action, l.host_name AS host, o.until, l.keyspace, l.shard, l.workflow
       FROM topo_lock l LEFT JOIN operation o ON o.lock_key = l.key
       WHERE l.holder = 1 AND l.keyspace IN (?, ?) ORDER BY l.key`,
      subject.keyspace,
      subject.sourceKeyspace,
    )
    .filter((lock) => concerns(lock, subject))
    .map((lock) => ({
      reason: `${lock.action || "an operation"} of ${lock.host || "an unnamed host"} holds the lock ${lock.key}`,
      instead:
        lock.until === null
          ? "its holder seems to be gone: clear it with vtdoctor fix (topo-lock-stale), then cancel"
          : "wait until that operation has ended, then cancel",
    }));

const concerns = (lock: Lock, subject: CancelSubject): boolean => {
  if (lock.kind === "workflow")
    return (
      lock.keyspace === subject.keyspace &&
      [...subject.groups, ...subject.references].some((group) => group.workflow === lock.workflow)
    );
  if (lock.kind !== "shard") return true;
  return [...subject.targets, ...subject.sources].some(
    (side) => side.keyspace === lock.keyspace && side.shard === lock.shard,
  );
};

/** A target has exactly one primary that answers, is recorded, and takes writes. */
const writablePrimary = (snapshot: Snapshot, side: Side): readonly Obstacle[] => {
  const name = shardName(side);
  const [primary, second] = side.primaries;
  if (primary === undefined)
    return [
      {
        reason: `target ${name} has no primary that answers`,
        instead: "give the shard a primary (PlannedReparentShard, or VTOrc), then cancel",
      },
    ];
  if (second !== undefined)
    return [
      {
        reason: `${primary.alias} and ${second.alias} both say that they are PRIMARY of target ${name}`,
        instead: "end the older primary's term first",
      },
    ];
  const recorded = side.record?.primaryAlias ?? "nobody";
  return [
    ...(primary.record === "present"
      ? []
      : [
          {
            reason: `the primary ${primary.alias} of target ${name} has no Tablet record of its own`,
            instead: "restart its vttablet, which writes its record again, then cancel",
          },
        ]),
    ...(recorded === primary.alias
      ? []
      : [
          {
            reason: `the Shard record of target ${name} names ${recorded} as its primary, but ${primary.alias} is`,
            instead: `wait until ${primary.alias} has written itself into the shard record (30 s); its log says why it has not`,
          },
        ]),
    ...(primary.readOnly === 0
      ? []
      : [
          {
            reason:
              primary.readOnly === null
                ? `the primary ${primary.alias} of target ${name} did not say whether its MySQL takes writes`
                : `the MySQL of the primary ${primary.alias} of target ${name} is read-only`,
            instead: "make its MySQL writable (see why it is not), then cancel",
          },
        ]),
    ...(probed(snapshot, primary.address, "streams")
      ? []
      : [
          {
            reason: `the primary ${primary.alias} of target ${name} did not say which streams it has`,
            instead: MAKE_IT_ANSWER,
          },
        ]),
  ];
};

/** Only a source's primary knows whether a journal was written. */
const sourcePrimary = (snapshot: Snapshot, side: Side): readonly Obstacle[] => {
  const known = side.primaries.filter(
    (primary) =>
      probed(snapshot, primary.address, "journals") && probed(snapshot, primary.address, "streams"),
  );
  return known.length === 1
    ? []
    : [
        {
          reason: `${known.length === 0 ? "no primary" : "more than one primary"} of source ${shardName(side)} said whether it has a journal and reverse streams`,
          instead: MAKE_IT_ANSWER,
        },
      ];
};
