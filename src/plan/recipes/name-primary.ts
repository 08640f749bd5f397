import { type Guard, gone } from "../draft.js";
import { isPrimary, type Process, processesOfShard, tabletRef } from "../facts/processes.js";
import { keyPremise, type ShardRecord, shardName, shardRecords } from "../facts/topology.js";
import { nameInShard, termsOf } from "../records/shard-primary.js";
import { repair } from "../repair.js";

interface Unnamed {
  readonly record: ShardRecord;
  /** By its Tablet record, and by its own word, PRIMARY of the newest term. */
  readonly primaries: readonly Process[];
}

const notOne: Guard<Unnamed> = (_, { record, primaries }) =>
  primaries.length === 1
    ? []
    : [
        {
          reason: `${primaries.length === 0 ? "no tablet" : primaries.map(({ alias }) => alias).join(" and ")} of ${shardName(record)} answers that it is PRIMARY, so which one is to be named is not known`,
          instead: "see which of them takes writes, let one of them be PRIMARY, and scan again",
        },
      ];

const olderTerm: Guard<Unnamed> = (snapshot, { record, primaries }) =>
  primaries.flatMap((process) => {
    const { own, others, recorded } = termsOf(snapshot, record, process);
    return own > 0n && own >= recorded && others.every((other) => own > other)
      ? []
      : [
          {
            reason: `it is not proven that the term of ${process.alias} is the newest of ${shardName(record)}: a primary whose Shard record has a newer term makes itself a replica`,
            instead: `let a replica of ${shardName(record)} that has all transactions be its primary, which names itself`,
          },
        ];
  });

/**
 * The Shard record as the primary itself writes it (tabletmanager/shard_sync.go; docs/vitess.md#shard-sync), which it never does where the record
 * has its term and another name, and can not where it does not reach the global topology.
 */
export const namePrimary = repair<Unnamed>({
  name: "name-primary",
  runs: "records",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", shard = "" } = object;
    const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
    if (record === undefined) return gone(`${keyspace}/${shard} has no Shard record any more`);
    return { record, primaries: processesOfShard(snapshot, keyspace, shard).filter(isPrimary) };
  },
  unless: [notOne, olderTerm],
  plan: (snapshot, { record, primaries }) => {
    const { keyspace, shard, server, key } = record;
    const records = primaries.flatMap((process) => tabletRef(snapshot, process).record ?? []);
    return {
      title: `Name the primary of ${shardName(record)} in its Shard record`,
      locks: [{ kind: "shard", keyspace, shard }],
      steps: primaries.flatMap((process) => nameInShard(snapshot, record, process)),
      restsOn: [{ server, key }, ...records].map((at) => keyPremise(snapshot, at.server, at.key)),
    };
  },
});
