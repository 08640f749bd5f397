import { gone } from "../draft.js";
import { isPrimary, processesOfShard } from "../facts/processes.js";
import { groupsOn, streamPremises } from "../facts/stream-facts.js";
import { ambiguousTables, rulesLeadingAway } from "../facts/table-names.js";
import {
  keyPremise,
  keyspaceLocks,
  routingRulesPremise,
  type ShardRecord,
  shardName,
  shardRecords,
} from "../facts/topology.js";
import { liftDenials } from "../records/shard.js";
import { repair } from "../repair.js";

interface Denial {
  readonly record: ShardRecord;
  /** Of those that the finding names, the ones that are still denied. */
  readonly tables: readonly string[];
}

/**
 * Takes the tables that a cancel with --keep-data left denied off the Shard record, and lets the shard's tablets read it again
 * (docs/vitess.md#kept-denials). Which tables nobody uses is the finding's to say; they are read again here.
 */
export const liftDenial = repair<Denial>({
  name: "lift-denial",
  runs: "records",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", shard = "", tables: named = "" } = object;
    const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
    const denied = snapshot.rows("denied_table", { keyspace, shard, tablet_type: "PRIMARY" });
    const tables = named.split(",").filter((table) => denied.some(({ table_name }) => table_name === table));
    return record === undefined || tables.length === 0
      ? gone(`${keyspace}/${shard} does not deny these tables any more`)
      : { record, tables };
  },
  plan: (snapshot, { record, tables }) => ({
    title: `Let ${shardName(record)} serve ${tables.join(", ")} again`,
    locks: keyspaceLocks(snapshot, [record.keyspace]),
    steps: liftDenials(snapshot, record, tables),
    restsOn: [
      keyPremise(snapshot, record.server, record.key),
      routingRulesPremise(snapshot),
      ...processesOfShard(snapshot, record.keyspace, record.shard)
        .filter(isPrimary)
        .flatMap((process) => streamPremises(snapshot, groupsOn(snapshot, process))),
    ],
    notes: [
      `${tables.join(", ")} in ${shardName(record)} is a copy as old as the cancel: from now on clients can write to it, and nothing brings it in step with its source`,
      ...rulesLeadingAway(snapshot, record.keyspace, tables),
      ...ambiguousTables(snapshot, record.keyspace, tables),
    ],
  }),
});
