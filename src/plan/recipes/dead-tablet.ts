import type { TabletRow } from "../../snapshot/gen/tables.js";
import { type Guard, gone } from "../draft.js";
import { isClosed, processesOfShard } from "../facts/processes.js";
import { keyPremise, keyspaceLocks, shardName, shardRecords } from "../facts/topology.js";
import { takeTabletAway } from "../records/tablet-removal.js";
import { repair } from "../repair.js";

/** It says that it ended by a blank address (docs/vitess.md#shutdown); of one that was killed its host has to say that nothing listens. */
const notProvenDead: Guard<TabletRow> = (snapshot, { alias, hostname, address }) =>
  hostname === "" || isClosed(snapshot, address)
    ? []
    : [
        {
          reason: `it is not proven that nothing listens at ${address}, where ${alias} ran`,
          instead: `do what its finding says of Vitess's own, once you know that nobody can start ${alias} again`,
        },
      ];

const stillNeeded: Guard<TabletRow> = (snapshot, tablet) => {
  const { alias, keyspace, shard, type } = tablet;
  const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
  if (record === undefined) return [];
  const name = shardName(tablet);
  if (type === "PRIMARY" || record.primaryAlias === alias)
    return [
      {
        reason: `${alias} is recorded as the primary of ${name}`,
        instead: `let another tablet of ${name} be its primary first, and scan again`,
      },
    ];
  return processesOfShard(snapshot, keyspace, shard).some((process) => process.record === "present")
    ? []
    : [
        {
          reason: `no other tablet of ${name} answers, and its record may be all that tells where the data lies`,
          instead: `start the tablets of ${name} and scan again`,
        },
      ];
};

/** What nobody runs behind any more: DeleteTablets of Vitess asks neither of that nor whether somebody has started it meanwhile. */
export const deadTablet = repair<TabletRow>({
  name: "dead-tablet",
  runs: "records",
  of: (snapshot, [{ object }]) =>
    snapshot.rows("tablet", { alias: object.alias ?? "" })[0] ??
    gone(`${object.alias} has no record any more`),
  unless: [notProvenDead, stillNeeded],
  plan: (snapshot, tablet) => ({
    title: `Take the record of ${tablet.alias} away, which does not run any more`,
    locks: keyspaceLocks(snapshot, [tablet.keyspace]),
    steps: takeTabletAway(snapshot, tablet),
    restsOn: [keyPremise(snapshot, tablet.server, tablet.key)],
    notes: [`if ${tablet.alias} is started again, it writes its records itself`],
  }),
});
