import { formatAlias } from "../../cluster/alias.js";
import { keyRangeOfRecord } from "../../cluster/key-range.js";
import { type Keyspace, KeyspaceType, type Shard, TabletType } from "../../proto/gen/topodata_pb.js";
import {
  decodeCellInfo,
  decodeCellsAlias,
  decodeExternalCluster,
  decodeKeyspace,
  decodeShard,
  isSamePlace,
} from "../../topology/records.js";
import type { Facts } from "../facts.js";
import type {
  CellAliasRow,
  CellRow,
  DeniedTableRow,
  EmergencyReparentOffRow,
  ExternalClusterRow,
  KeyspaceRow,
  RangeMismatchRow,
  ShardRow,
  SourceShardRow,
  TabletControlRow,
  ThrottledAppRow,
  VitessMetadataRow,
} from "../gen/tables.js";
import type { Decoded, Decoding } from "./decoding.js";
import type { KeyIndex } from "./located-key.js";
import { groupBy, uniqueBy } from "./order.js";
import { rangeMismatch } from "./range-mismatch.js";
import { throttlerJson } from "./throttler.js";

/** Upper case; a number that no version of ours names stays a number. */
export const tabletTypeName = (type: TabletType): string => TabletType[type] ?? String(type);

export const aliasText = (
  alias: { readonly cell: string; readonly uid: number } | undefined,
): string | null =>
  alias === undefined || (alias.cell === "" && alias.uid === 0) ? null : formatAlias(alias);

export const seconds = (time: { readonly seconds: bigint } | undefined): number | null =>
  time === undefined ? null : Number(time.seconds);

/** What the etcd that holds the cell's root answered, and what the record named before. */
export const deriveCells = (
  facts: Facts,
  keys: KeyIndex<"cell-info">,
  decoding: Decoding,
): readonly CellRow[] => {
  const servers = new Map(facts.topo_server.map((row) => [row.server, row.answered]));
  const roots = new Map(facts.topo_root.map((row) => [row.name, row]));
  const overwritten = facts.topo_history
    .filter(({ key }) => key.endsWith("/CellInfo"))
    .toSorted((one, other) => one.deleted_revision - other.deleted_revision);
  return decoding.all(keys.of("cell-info"), decodeCellInfo).map(({ is, at, record }) => {
    const read = roots.get(is.cell);
    const old = overwritten
      .filter(({ server, key }) => server === at.server && key === at.key)
      .flatMap((row) => {
        const earlier = decodeCellInfo(row.value);
        return earlier.kind === "answered" && !isSamePlace(earlier.value, record)
          ? [{ ...earlier.value, changed: row.deleted_revision }]
          : [];
      })
      .at(-1);
    return {
      cell: is.cell,
      server: record.serverAddress,
      root: record.root,
      answered: (read && servers.get(read.server)) ?? 0,
      key: at.key,
      revision: at.mod_revision,
      old_server: old?.serverAddress ?? null,
      old_root: old?.root ?? null,
      changed_revision: old?.changed ?? null,
    };
  });
};

export const deriveCellAliases = (
  keys: KeyIndex<"cells-alias">,
  decoding: Decoding,
): readonly CellAliasRow[] =>
  decoding.all(keys.of("cells-alias"), decodeCellsAlias).flatMap(({ is, at, record }) =>
    [...new Set(record.cells)].map((cell) => ({
      alias: is.alias,
      cell,
      key: at.key,
      revision: at.mod_revision,
    })),
  );

export const deriveExternalClusters = (
  keys: KeyIndex<"external-cluster">,
  decoding: Decoding,
): readonly ExternalClusterRow[] =>
  decoding.all(keys.of("external-cluster"), decodeExternalCluster).map(({ is, at, record }) => ({
    name: is.name,
    topo_type: record.topoConfig?.topoType ?? "",
    server: record.topoConfig?.server ?? "",
    root: record.topoConfig?.root ?? "",
    key: at.key,
    revision: at.mod_revision,
  }));

export const deriveEmergencyReparentOff = (
  keys: KeyIndex<"keyspace" | "shard">,
  decoding: Decoding,
): readonly EmergencyReparentOffRow[] =>
  [
    ...decoding.all(keys.of("keyspace"), decodeKeyspace).map(({ is, at, record }) => ({
      ...{ keyspace: is.keyspace, shard: "", at },
      off: record.vtorcState?.disableEmergencyReparent === true,
    })),
    ...decoding.all(keys.of("shard"), decodeShard).map(({ is, at, record }) => ({
      ...{ keyspace: is.keyspace, shard: is.shard, at },
      off: record.vtorcState?.disableEmergencyReparent === true,
    })),
  ].flatMap(({ keyspace, shard, at, off }) =>
    off ? [{ keyspace, shard, key: at.key, revision: at.mod_revision }] : [],
  );
interface KeyspaceRecords {
  readonly keyspace: readonly KeyspaceRow[];
  readonly throttled_app: readonly ThrottledAppRow[];
}

export const deriveKeyspaces = (keys: KeyIndex<"keyspace">, decoding: Decoding): KeyspaceRecords => {
  const records = decoding.all(keys.of("keyspace"), decodeKeyspace);
  return {
    keyspace: records.map(keyspaceRow),
    throttled_app: records.flatMap(({ is, at, record }) =>
      Object.entries(record.throttlerConfig?.throttledApps ?? {}).map(([app, rule]) => ({
        keyspace: is.keyspace,
        app,
        ratio: rule.ratio,
        expires_at: seconds(rule.expiresAt),
        exempt: Number(rule.exempt),
        key: at.key,
        revision: at.mod_revision,
      })),
    ),
  };
};

const keyspaceRow = ({ is, at, record }: Decoded<"keyspace", Keyspace>): KeyspaceRow => ({
  keyspace: is.keyspace,
  keyspace_type: KeyspaceType[record.keyspaceType] ?? String(record.keyspaceType),
  base_keyspace: record.baseKeyspace,
  durability_policy: record.durabilityPolicy,
  sidecar_db_name: record.sidecarDbName,
  server: at.server,
  key: at.key,
  revision: at.mod_revision,
  throttler_json: throttlerJson(record.throttlerConfig),
  snapshot_time: seconds(record.snapshotTime),
});

export interface ShardRecords {
  readonly shard: readonly ShardRow[];
  readonly source_shard: readonly SourceShardRow[];
  readonly shard_range: readonly RangeMismatchRow[];
  readonly tablet_control: readonly TabletControlRow[];
  readonly denied_table: readonly DeniedTableRow[];
}

export const deriveShards = (keys: KeyIndex<"shard">, decoding: Decoding): ShardRecords => {
  const records = decoding.all(keys.of("shard"), decodeShard);
  const tablet_control = records.flatMap(({ is, at, record }) => controls(is.keyspace, is.shard, at, record));
  return {
    shard: records.map(({ is, at, record }) => {
      const range = keyRangeOfRecord(is.shard, record.keyRange);
      return {
        keyspace: is.keyspace,
        shard: is.shard,
        range_start: range.start,
        range_end: range.end,
        primary_alias: aliasText(record.primaryAlias),
        primary_term_start: seconds(record.primaryTermStartTime),
        is_primary_serving: Number(record.isPrimaryServing),
        server: at.server,
        key: at.key,
        create_revision: at.create_revision,
        revision: at.mod_revision,
      };
    }),
    source_shard: records.flatMap(({ is, at, record }) =>
      uniqueBy(record.sourceShards, ({ uid }) => String(uid)).map(({ uid, keyspace, shard }) => ({
        ...{ keyspace: is.keyspace, shard: is.shard, uid },
        ...{ source_keyspace: keyspace, source_shard: shard, key: at.key, revision: at.mod_revision },
      })),
    ),
    shard_range: records.flatMap(({ is, at, record }) =>
      rangeMismatch(
        { record: "shard", keyspace: is.keyspace, shard: is.shard, alias: "" },
        at,
        record.keyRange,
      ),
    ),
    tablet_control,
    denied_table: tablet_control.flatMap(({ keyspace, shard, tablet_type, denied_tables_json }) =>
      (JSON.parse(denied_tables_json) as string[]).map((table_name) => ({
        keyspace,
        shard,
        tablet_type,
        table_name,
      })),
    ),
  };
};

/** At most one entry per type is the rule; entries that break it are read as one, the way vttablet sums them up. */
const controls = (
  keyspace: string,
  shard: string,
  at: { readonly key: string; readonly mod_revision: number },
  record: Shard,
): readonly TabletControlRow[] =>
  [...groupBy(record.tabletControls, ({ tabletType }) => tabletType)].map(([type, entries]) => ({
    keyspace,
    shard,
    tablet_type: tabletTypeName(type),
    cells_json: sortedJson(entries.flatMap(({ cells }) => cells)),
    frozen: Number(entries.some(({ frozen }) => frozen)),
    denied_tables_json: sortedJson(entries.flatMap(({ deniedTables }) => deniedTables)),
    key: at.key,
    revision: at.mod_revision,
  }));

export const sortedJson = (names: Iterable<string>): string => JSON.stringify([...new Set(names)].sort());

/** `SET VITESS_METADATA`: plain text. */
export const deriveMetadata = (keys: KeyIndex): readonly VitessMetadataRow[] =>
  keys.of("metadata").map(({ is, at }) => ({ name: is.name, value: new TextDecoder().decode(at.value) }));
