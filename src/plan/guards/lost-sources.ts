import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Guard } from "../draft.js";
import { groupsOf, type StreamFact, type StreamGroup, streamsOfWorkflow } from "../facts/stream-facts.js";
import { type ShardRef, shardName, shardNames, shardRecords } from "../facts/topology.js";

/** A workflow whose source shards the topology does not have, or not all of them. */
export interface SourcelessWorkflow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly streams: readonly StreamFact[];
  readonly groups: readonly StreamGroup[];
  readonly sources: readonly ShardRef[];
  readonly targets: readonly ShardRef[];
}

/** Null: it has no streams (any more). */
export const sourcelessWorkflow = (
  snapshot: Snapshot,
  keyspace: string,
  workflow: string,
): SourcelessWorkflow | null => {
  const streams = streamsOfWorkflow(snapshot, keyspace, workflow);
  const groups = groupsOf(snapshot, streams);
  const sources = streams.map((one) => ({ keyspace: one.sourceKeyspace, shard: one.sourceShard }));
  const once = (shards: readonly ShardRef[]): readonly ShardRef[] =>
    shards.filter((one, at) => shards.findIndex((other) => shardName(other) === shardName(one)) === at);
  return streams.length === 0
    ? null
    : { keyspace, workflow, streams, groups, sources: once(sources), targets: once(streams) };
};

/** Only a finished switch freezes a stream; any other may be all that feeds its tables. */
export const stillNeeded: Guard<SourcelessWorkflow> = (_, { keyspace, workflow, streams }) =>
  streams.every(({ frozen, sourceExternal }) => frozen === 1 && sourceExternal === "")
    ? []
    : [
        {
          reason: `not every stream of ${keyspace}.${workflow} is FROZEN, so no switch has finished it and its tables may lack what the source had`,
          instead:
            "create it again from the shards that replaced its source, or look at what feeds its tables",
        },
      ];

/** The others of its sources still have records: `Complete` and `cancel` have work to do there. */
export const sourcesLeft: Guard<SourcelessWorkflow> = (snapshot, { keyspace, workflow, sources }) => {
  const left = sources.filter(
    ({ keyspace, shard }) =>
      snapshot.all(
        "SELECT 1 FROM missing_key WHERE kind = 'shard' AND keyspace = ? AND shard = ?",
        keyspace,
        shard,
      ).length === 0,
  );
  return left.length === 0
    ? []
    : [
        {
          reason: `${shardNames(left)}, which ${keyspace}.${workflow} reads from too, has its record`,
          instead: "once nothing is needed of it, delete it as the others were deleted, and scan again",
        },
      ];
};

/** The writes have to be where the streams wrote to, by the records of the targets. */
export const targetsServe: Guard<SourcelessWorkflow> = (snapshot, { targets }) =>
  targets
    .filter(
      ({ keyspace, shard }) =>
        !shardRecords(snapshot, keyspace).some((one) => one.shard === shard && one.serving === 1),
    )
    .map((shard) => ({
      reason: `${shardName(shard)} does not serve by its record, so the switch is not proven`,
      instead: "find out which side holds the newest data first",
    }));
