import { shardReplicationKey } from "../../topology/paths.js";
import { gone } from "../draft.js";
import {
  type CellRecord,
  cells,
  keyPremise,
  keyspaceLocks,
  type ShardRef,
  shardName,
} from "../facts/topology.js";
import { listTablets } from "../records/shard-replication.js";
import { repair } from "../repair.js";

interface Listing extends ShardRef, CellRecord {
  readonly key: string;
  /** With the key of the record that says where each belongs. */
  readonly tablets: readonly { readonly alias: string; readonly key: string; readonly belongs: boolean }[];
}

/**
 * ShardReplication of one shard in one cell lists what commands on the shard ask (topo/replication.go; docs/vitess.md#missing-serving-records): each tablet
 * whose record there names the shard, once, and no other. A tablet that runs without a record comes back by its own start.
 */
export const listTabletsOfShard = repair<Listing>({
  name: "list-tablets",
  runs: "records",
  by: (_, { object }) => JSON.stringify([object.cell, object.keyspace, object.shard]),
  of: (snapshot, findings) => {
    const { cell = "", keyspace = "", shard = "" } = findings[0].object;
    const place = cells(snapshot).find((one) => one.cell === cell);
    if (place === undefined) return gone(`there is no cell ${cell} any more`);
    const tablets = findings.flatMap(({ object: { alias = "" } }) => {
      const [record] = snapshot.rows("tablet", { alias, cell, keyspace, shard });
      return { alias, key: record?.key ?? "", belongs: record !== undefined };
    });
    return { keyspace, shard, ...place, key: shardReplicationKey(place.root, keyspace, shard), tablets };
  },
  plan: (snapshot, listing) => ({
    title: `List the tablets of ${shardName(listing)} in cell ${listing.cell} as their records say`,
    locks: keyspaceLocks(snapshot, [listing.keyspace]),
    steps: listTablets(snapshot, listing, listing.tablets),
    restsOn: [
      keyPremise(snapshot, listing.server, listing.key),
      ...listing.tablets.flatMap(({ belongs, key }) =>
        belongs ? [keyPremise(snapshot, listing.server, key)] : [],
      ),
    ],
  }),
});
