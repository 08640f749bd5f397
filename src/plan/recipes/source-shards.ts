import { type Guard, gone } from "../draft.js";
import { isPrimary, processesOfShard } from "../facts/processes.js";
import { groupsOn, streamPremises } from "../facts/stream-facts.js";
import { keyPremise, keyspaceLocks, type ShardRecord, shardName, shardRecords } from "../facts/topology.js";
import { unknownStreams } from "../guards/moved-traffic.js";
import { editRecord } from "../records/record-type.js";
import { shard as shardType, tellTablets } from "../records/shard.js";
import { repair } from "../repair.js";

interface Fed {
  readonly record: ShardRecord;
  readonly keyspaces: readonly string[];
}

const stillFed: Guard<Fed> = (snapshot, { record: { keyspace, shard } }) =>
  snapshot
    .rows("stream", { keyspace, shard })
    .slice(0, 1)
    .map(({ workflow, alias }) => ({
      reason: `${alias} has a stream of ${workflow}, and the shard may not be meant to serve while it is fed`,
      instead: "end that workflow first, or complete it, and scan again",
    }));

/**
 * Without `source_shards`, by which a primary never serves (tabletmanager/tm_state.go canServe), as `SourceShardDelete` leaves the record; its
 * tablets read it again.
 */
export const sourceShards = repair<Fed>({
  name: "source-shards",
  runs: "records",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", shard = "" } = object;
    const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
    return record === undefined || snapshot.rows("source_shard", { keyspace, shard }).length === 0
      ? gone(`${keyspace}/${shard} names no source shards any more`)
      : { record, keyspaces: [keyspace] };
  },
  unless: [unknownStreams, stillFed],
  plan: (snapshot, { record }) => {
    const { keyspace, shard, server, key } = record;
    const edit = editRecord(snapshot, shardType, { keyspace, shard }, { server, key }, (value) => ({
      ...value,
      sourceShards: [],
    }));
    return {
      title: `Let ${shardName(record)} serve without the sources that its record names`,
      locks: keyspaceLocks(snapshot, [keyspace]),
      steps: [...edit, ...tellTablets(snapshot, record)],
      restsOn: [
        keyPremise(snapshot, server, key),
        ...processesOfShard(snapshot, keyspace, shard)
          .filter(isPrimary)
          .flatMap((process) => streamPremises(snapshot, groupsOn(snapshot, process))),
      ],
    };
  },
});
