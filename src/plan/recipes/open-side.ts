import { isPrimary, processesOfShard } from "../facts/processes.js";
import { groupsOn, streamPremises } from "../facts/stream-facts.js";
import {
  keyspaceLocks,
  routingRulesPremise,
  shardNames,
  shardPremises,
  shardRecords,
} from "../facts/topology.js";
import { unseenJournals } from "../guards/journals.js";
import { unknownStreams } from "../guards/moved-traffic.js";
import { fedThere, ledToOther, pastJournal, unseenOnTarget } from "../guards/sides.js";
import { liftDenials } from "../records/shard.js";
import { repair } from "../repair.js";
import { type OpenedSide, openedSide } from "../serving/denied-sides.js";

/**
 * Both sides of a MoveTables deny its tables, as a switch leaves them that died between its two records (docs/vitess.md#interrupted-movetables): the
 * side that has the newest rows takes queries again. That is the target where writes were switched, and else the source, as long as
 * there is no journal.
 */
export const openSide = repair<OpenedSide>({
  name: "open-side",
  runs: "records",
  of: (snapshot, [{ object }]) => openedSide(snapshot, object),
  unless: [unknownStreams, unseenJournals, unseenOnTarget, pastJournal, ledToOther, fedThere],
  plan: (snapshot, { workflow: { keyspace, workflow }, side, shards, tables, keyspaces }) => ({
    title: `Let ${shardNames(shards)}, the ${side} of ${keyspace}.${workflow}, serve ${tables.join(", ")} again`,
    locks: [{ kind: "workflow", keyspace, workflow }, ...keyspaceLocks(snapshot, keyspaces)],
    steps: shards.flatMap((record) => liftDenials(snapshot, record, tables)),
    restsOn: [
      routingRulesPremise(snapshot),
      ...keyspaces.flatMap((name) => shardPremises(snapshot, name)),
      ...keyspaces
        .flatMap((name) => shardRecords(snapshot, name))
        .flatMap(({ keyspace: at, shard }) =>
          processesOfShard(snapshot, at, shard)
            .filter(isPrimary)
            .flatMap((process) => streamPremises(snapshot, groupsOn(snapshot, process))),
        ),
    ],
  }),
});
