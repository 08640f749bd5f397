import { formatAlias } from "../../cluster/alias.js";
import { keyRangeOfRecord } from "../../cluster/key-range.js";
import type { KeyRange, SrvKeyspace, Tablet } from "../../proto/gen/topodata_pb.js";
import { decodeShardReplication, decodeSrvKeyspace, decodeTablet } from "../../topology/records.js";
import type {
  RangeMismatchRow,
  ShardReplicationRow,
  SrvControlRow,
  SrvKeyspaceRow,
  SrvPartitionRow,
  TabletRow,
} from "../gen/tables.js";
import { type Decoded, Decoding } from "./decoding.js";
import { aliasText, seconds, tabletTypeName } from "./global-records.js";
import type { KeyIndex } from "./located-key.js";
import { groupBy, sortedRecord, uniqueBy } from "./order.js";
import { rangeMismatch } from "./range-mismatch.js";
import { anew, type Remember } from "./remember.js";
import { throttlerJson } from "./throttler.js";

interface TabletRecords {
  readonly tablet: readonly TabletRow[];
  readonly tablet_range: readonly RangeMismatchRow[];
}

/** One row per alias: where two cells hold one, the cell that the alias names comes first (docs/vitess.md#keys). */
export const deriveTablets = (keys: KeyIndex<"tablet">, decoding: Decoding): TabletRecords => {
  const found = decoding.all(keys.of("tablet"), decodeTablet);
  const home = found.filter(({ root, is }) => root === is.alias.cell);
  const abroad = found.filter(({ root, is }) => root !== is.alias.cell);
  const records = uniqueBy([...home, ...abroad], ({ is }) => formatAlias(is.alias));
  return {
    tablet: records.map(tabletRow),
    tablet_range: records.flatMap(({ is, at, record }) =>
      rangeMismatch(
        { record: "tablet", keyspace: record.keyspace, shard: record.shard, alias: formatAlias(is.alias) },
        at,
        record.keyRange,
      ),
    ),
  };
};

const tabletRow = ({ root, is, at, record }: Decoded<"tablet", Tablet>): TabletRow => ({
  alias: formatAlias(is.alias),
  cell: root,
  uid: is.alias.uid,
  keyspace: record.keyspace,
  shard: record.shard,
  type: tabletTypeName(record.type),
  hostname: record.hostname,
  grpc_port: record.portMap.grpc ?? 0,
  http_port: record.portMap.vt ?? 0,
  mysql_host: record.mysqlHostname,
  mysql_port: record.mysqlPort,
  db_name: databaseOf(record),
  primary_term_start: seconds(record.primaryTermStartTime),
  shut_down_at: seconds(record.tabletShutdownTime),
  tags_json: JSON.stringify(sortedRecord(record.tags)),
  address: addressOf(record.hostname, record.portMap.grpc ?? 0),
  server: at.server,
  key: at.key,
  create_revision: at.create_revision,
  revision: at.mod_revision,
  started_at: seconds(record.tabletStartTime),
});

/** As `live_tablet` and `witness` name it; '' for a tablet that was shut down cleanly (docs/vitess.md#shutdown). */
const addressOf = (host: string, port: number): string => {
  if (host === "") return "";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
};

/** topoproto.TabletDbName. */
export const databaseOf = (record: { readonly keyspace: string; readonly dbNameOverride: string }): string =>
  record.dbNameOverride !== "" ? record.dbNameOverride : defaultDatabase(record.keyspace);

export const defaultDatabase = (keyspace: string): string => (keyspace === "" ? "" : `vt_${keyspace}`);

export const deriveShardReplication = (
  keys: KeyIndex<"shard-replication">,
  decoding: Decoding,
): readonly ShardReplicationRow[] =>
  decoding.all(keys.of("shard-replication"), decodeShardReplication).flatMap(({ root, is, at, record }) => {
    const aliases = record.nodes.flatMap(({ tabletAlias }) => aliasText(tabletAlias) ?? []);
    return [...groupBy(aliases, (alias) => alias)].map(([alias, listed]) => ({
      cell: root,
      keyspace: is.keyspace,
      shard: is.shard,
      alias,
      server: at.server,
      key: at.key,
      revision: at.mod_revision,
      listed: listed.length,
    }));
  });

export interface ServingGraph {
  readonly srv_keyspace: readonly SrvKeyspaceRow[];
  readonly srv_partition: readonly SrvPartitionRow[];
  readonly srv_control: readonly SrvControlRow[];
}

/** `remember`: what follows from one record; a keyspace of a hundred shards has thousands of rows. */
export const deriveServingGraph = (
  keys: KeyIndex<"srv-keyspace">,
  decoding: Decoding,
  remember: Remember = anew,
): ServingGraph => {
  const graphs = keys.of("srv-keyspace").map((located) =>
    remember(`srv-keyspace ${located.root} ${located.at.server} ${located.at.key}`, [[located]], () => {
      const own = new Decoding();
      const rows = own.all([located], decodeSrvKeyspace).map(graphRows);
      return { rows, undecodable: own.undecodable };
    }),
  );
  decoding.add(graphs.flatMap(({ undecodable }) => undecodable));
  const rows = graphs.flatMap((graph) => graph.rows);
  return {
    srv_keyspace: rows.map(({ srv_keyspace }) => srv_keyspace),
    srv_partition: uniqueBy(
      rows.flatMap(({ srv_partition }) => srv_partition),
      placeOf,
    ),
    srv_control: uniqueBy(
      rows.flatMap(({ srv_control }) => srv_control),
      placeOf,
    ),
  };
};

const graphRows = ({ root, is, at, record }: Decoded<"srv-keyspace", SrvKeyspace>) => {
  const source = { key: at.key, revision: at.mod_revision };
  const partitions = record.partitions.map((partition) => ({
    partition,
    place: { cell: root, keyspace: is.keyspace, tablet_type: tabletTypeName(partition.servedType) },
  }));
  return {
    srv_keyspace: {
      ...{ cell: root, keyspace: is.keyspace, server: at.server, ...source },
      throttler_json: throttlerJson(record.throttlerConfig),
    },
    srv_partition: partitions.flatMap(({ partition, place }) =>
      partition.shardReferences.map(({ name, keyRange }) => ({
        ...place,
        shard: name,
        ...range(name, keyRange),
        ...source,
      })),
    ),
    srv_control: partitions.flatMap(({ partition, place }) =>
      partition.shardTabletControls.map(({ name, queryServiceDisabled }) => ({
        ...place,
        shard: name,
        query_service_disabled: Number(queryServiceDisabled),
        ...source,
      })),
    ),
  };
};

const placeOf = (row: SrvPartitionRow | SrvControlRow): string =>
  [row.cell, row.keyspace, row.tablet_type, row.shard].join("/");

const range = (shard: string, record: KeyRange | undefined) => {
  const { start, end } = keyRangeOfRecord(shard, record);
  return { range_start: start, range_end: end };
};
