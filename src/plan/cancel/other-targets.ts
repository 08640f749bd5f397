import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Read } from "../plan.js";
import { isPrimary, type Process, probed, processesOfShard, tabletRef } from "../view/processes.js";
import { type ShardRecord, shardName, shardRecords } from "../view/shards.js";
import { MAKE_IT_ANSWER, type Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";

/**
 * Shards of the target keyspace that show no stream of the workflow and could have one: for a Reshard those that do not serve, else all.
 * A target whose primary is silent looks like no target at all, and its stream would live on.
 */
const otherShards = (snapshot: Snapshot, subject: CancelSubject): readonly ShardRecord[] =>
  shardRecords(snapshot, subject.keyspace).filter(
    (record) =>
      ![...subject.targets, ...subject.apart].some((side) => side.shard === record.shard) &&
      (subject.kind !== "Reshard" || record.serving === 0) &&
      hasTablets(snapshot, record),
  );

export const silentTargets = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] =>
  otherShards(snapshot, subject)
    .filter((record) => speakers(snapshot, record).length === 0)
    .map((record) => ({
      fact: `no primary of ${shardName(record)} said whether it has streams of ${subject.workflow}`,
      instead: MAKE_IT_ANSWER,
    }));

/** That they have no stream of it is part of what the plan rests on. */
export const absenceReads = (snapshot: Snapshot, subject: CancelSubject): readonly Read[] =>
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
