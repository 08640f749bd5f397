import type { TabletRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardReplicationKey } from "../../topology/paths.js";
import type { DraftStep } from "../draft.js";
import { cells } from "../facts/topology.js";
import type { TabletRef } from "../fields.js";
import { listTablets } from "./shard-replication.js";

/** A tablet as its record has it, of which no process tells anything. */
const recorded = (row: TabletRow): TabletRef => ({
  alias: row.alias,
  keyspace: row.keyspace,
  shard: row.shard,
  type: row.type,
  address: {
    host: row.hostname,
    grpcPort: row.grpc_port,
    httpPort: row.http_port,
    mysqlHost: row.mysql_host,
    mysqlPort: row.mysql_port,
  },
  record: { server: row.server, key: row.key },
});

/** The Tablet record, once nothing listens where it leads, and then its place in the list of the shard, as DeleteTablet of Vitess does (topo/tablet.go). */
export const takeTabletAway = (snapshot: Snapshot, row: TabletRow): readonly DraftStep[] => {
  const { alias, cell, keyspace, shard, server, key } = row;
  const place = cells(snapshot).find((one) => one.cell === cell);
  const ran = row.hostname !== "";
  const listing =
    place === undefined
      ? []
      : listTablets(
          snapshot,
          { keyspace, shard, server: place.server, key: shardReplicationKey(place.root, keyspace, shard) },
          [{ alias, belongs: false }],
        );
  const remove: DraftStep = {
    kind: "record.remove",
    of: "Tablet",
    ...{ server, key, keyspace, shard, members: [alias] },
    recordedAt: ran ? row.address : "",
    ended: ran ? [recorded(row)] : [],
  };
  return [remove, ...listing];
};
