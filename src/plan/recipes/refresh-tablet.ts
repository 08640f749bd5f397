import { gone } from "../draft.js";
import { type Process, processesOfShard, tabletRef } from "../facts/processes.js";
import {
  keyPremise,
  keyspaceLocks,
  routingRulesPremise,
  type ShardRecord,
  servingPremises,
  shardName,
  shardRecords,
} from "../facts/topology.js";
import { stillQueried } from "../guards/still-queried.js";
import { repair } from "../repair.js";

interface Lagging {
  readonly record: ShardRecord;
  readonly process: Process;
}

/** A tablet that missed what its records say of it reads them again: `RefreshState` (docs/vitess.md#refresh-state), which writes nothing. */
export const refreshTablet = repair<Lagging>({
  name: "refresh-tablet",
  runs: "serving graph",
  by: (_, { object }) => JSON.stringify([object.keyspace, object.shard, object.alias]),
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", shard = "", alias = "" } = object;
    const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
    const process = processesOfShard(snapshot, keyspace, shard).find(
      (one) => one.alias === alias && one.record === "present",
    );
    return record === undefined || process === undefined
      ? gone(`${alias} is no tablet of ${keyspace}/${shard} any more`)
      : { record, process };
  },
  unless: [stillQueried],
  plan: (snapshot, { record, process }) => ({
    title: `Let ${process.alias} of ${shardName(record)} do what its records say`,
    locks: keyspaceLocks(snapshot, [record.keyspace]),
    steps: [{ kind: "tablet.refresh", tablet: tabletRef(snapshot, process) }],
    restsOn: [
      keyPremise(snapshot, record.server, record.key),
      routingRulesPremise(snapshot),
      ...servingPremises(snapshot, record.keyspace),
    ],
  }),
});
