import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStage, ShardRequest } from "../draft.js";
import { removalNotes, removalPremises, removalStages } from "../dropped/removal.js";
import { tabletSteps } from "../dropped/restore-records.js";
import { electCommand, electionStage, type Returned, returnedShard, rowStage } from "../dropped/returned.js";
import { type AskedReturned, untouchable } from "../dropped/returned-obstacles.js";
import { unreachableWith } from "../dropped/targets.js";
import { endStreams, keyNotes, vdiffSteps } from "../end-streams.js";
import { streamPremises } from "../facts/stream-facts.js";
import { keyspaceLocks, shardName } from "../facts/topology.js";
import { type Group, type Named, type Remedy, repair } from "../repair.js";

/**
 * Shards that were dropped and that a restarted vttablet brought back (scene S5; docs/vitess.md#restarted-orphans). Without a primary every
 * engine is closed: the old rows are cleared by SQL under the shard's lock. With one, which VTOrc elects within seconds, the old streams
 * run again and end through it. Then tablets that were not restarted get their records back, and the shard its primary; or, where the
 * operator says so, the vttablets end and the records go.
 */
export const returnedShards = repair<AskedReturned, Named, ShardRequest>({
  name: "returned-shard",
  runs: "shards",
  besides: unreachableWith,
  by: (_, { object: { keyspace = "", shard = "" } }) => JSON.stringify([keyspace, shard]),
  about: ({ object: { keyspace = "", shard = "" } }) => ({ keyspace, shard }),
  of: (snapshot, [{ object }], request) => {
    const { keyspace, shard } = object;
    return request.orphans === "leave" || keyspace === undefined || shard === undefined
      ? null
      : { ...returnedShard(snapshot, { keyspace, shard }), ...request };
  },
  unless: [untouchable],
  plan: (snapshot, shard, findings) =>
    shard.orphans === "retire" ? retired(snapshot, shard) : kept(snapshot, shard, findings),
});

const retired = (snapshot: Snapshot, shard: AskedReturned): Remedy => ({
  stages: [withoutStreams(snapshot, shard), ...removalStages(snapshot, shard)],
  restsOn: [...oldStreams(snapshot, shard), ...removalPremises(snapshot, shard)],
  notes: [...keyNotes(snapshot, shard.old, ""), ...removalNotes(snapshot, shard)],
});

const kept = (snapshot: Snapshot, shard: AskedReturned, [{ id }]: Group<Named>): Remedy => {
  const election = electionStage(snapshot, shard, shard);
  return {
    stages: [
      withoutStreams(snapshot, shard),
      {
        title: `Put the records of the tablets of ${shardName(shard)} back that were not restarted`,
        locks: keyspaceLocks(snapshot, [shard.keyspace]),
        steps: tabletSteps(snapshot, shard),
      },
      ...(election === null ? [] : [election]),
    ],
    restsOn: oldStreams(snapshot, shard),
    notes: [
      ...keyNotes(snapshot, shard.old, ""),
      ...shard.kept.map(
        (group) =>
          `${group.workflow} on ${group.process.alias} is not clearly older than the deletion of the shard: it stays as it is`,
      ),
    ],
    ...(shard.primaries.length > 0 || election !== null
      ? {}
      : {
          partly: {
            repairs: [],
            blocked: [
              {
                object: { keyspace: shard.keyspace, shard: shard.shard },
                finding: id,
                reason: `${shardName(shard)} still has no primary when its rows are cleared, and elections are vtctld's`,
                instead: `${electCommand(shard)}, or give --server HOST:PORT and vtdoctor lets vtctld do it`,
              },
            ],
          },
        }),
  };
};

/** Through its primary; without one, by SQL. */
const withoutStreams = (snapshot: Snapshot, shard: Returned): DraftStage =>
  shard.primaries.length === 0
    ? rowStage(snapshot, shard)
    : endStreams(snapshot, {
        title: `Stop and delete the old streams of ${shardName(shard)}, which run again`,
        shards: [shard],
        groups: shard.old,
        vdiffs: shard.primaries.flatMap((primary) =>
          vdiffSteps(
            snapshot,
            primary,
            shard.old.map(({ workflow }) => workflow),
          ),
        ),
      });

const oldStreams = (snapshot: Snapshot, { old }: Returned) => streamPremises(snapshot, old);
