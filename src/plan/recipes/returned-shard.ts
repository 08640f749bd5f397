import type { Named, ShardRequest } from "../draft.js";
import { removalNotes, removalPremises, removalStages } from "../dropped/removal.js";
import { tabletStage } from "../dropped/restore-records.js";
import { electionStage, keptNotes, returnedShard, unelected, withoutStreams } from "../dropped/returned.js";
import { type AskedReturned, untouchable } from "../dropped/returned-obstacles.js";
import { unreachableWith } from "../dropped/targets.js";
import { keyNotes } from "../end-streams.js";
import { streamPremises } from "../facts/stream-facts.js";
import { repair } from "../repair.js";

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
  plan: (snapshot, shard, [{ id }]) => {
    const cleared = withoutStreams(snapshot, shard);
    const streams = streamPremises(snapshot, shard.old);
    const keys = keyNotes(snapshot, shard.old, "");
    if (shard.orphans === "retire")
      return {
        stages: [cleared, ...removalStages(snapshot, shard)],
        restsOn: [...streams, ...removalPremises(snapshot, shard)],
        notes: [...keys, ...removalNotes(snapshot, shard)],
      };
    const election = electionStage(snapshot, shard, shard);
    const object = { keyspace: shard.keyspace, shard: shard.shard };
    return {
      stages: [cleared, tabletStage(snapshot, shard), ...(election === null ? [] : [election])],
      restsOn: streams,
      notes: [...keys, ...keptNotes(shard)],
      ...(shard.primaries.length > 0 || election !== null
        ? {}
        : { partly: { repairs: [], blocked: [{ object, finding: id, ...unelected(shard) }] } }),
    };
  },
});
