import { create } from "@bufbuild/protobuf";
import { keyRangeOfShard, orderKeyRanges } from "../../cluster/key-range.js";
import {
  type ShardReference,
  ShardReferenceSchema,
  type ShardTabletControl,
  ShardTabletControlSchema,
  type SrvKeyspace,
  SrvKeyspace_KeyspacePartitionSchema,
  SrvKeyspaceSchema,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import {
  MirrorRulesSchema,
  RoutingRulesSchema,
  ShardRoutingRulesSchema,
  SrvVSchemaSchema,
} from "../../proto/gen/vschema_pb.js";
import type { SimCluster } from "../cluster.js";
import { atLeast, type VitessVersion } from "../stream-row.js";
import { keyRangeRecord } from "../tablet-record.js";

const SERVED_TYPES = [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY];

/** SrvVSchema of every cell from all VSchemas and the routing rules (docs/vitess.md#srvvschema). */
export function* rebuildSrvVSchema(cluster: SimCluster, version: VitessVersion): Generator<string, void> {
  const { topology } = cluster;
  const keyspaces = Object.fromEntries(
    topology.keyspaces().flatMap((keyspace) => {
      const vschema = topology.vschema(keyspace).get();
      return vschema === null ? [] : [[keyspace, vschema]];
    }),
  );
  for (const cell of topology.cells) {
    topology.srvVSchema(cell).put(
      create(SrvVSchemaSchema, {
        keyspaces,
        routingRules: topology.routingRules().get() ?? create(RoutingRulesSchema),
        shardRoutingRules: create(ShardRoutingRulesSchema),
        ...(atLeast(version, 21) ? { mirrorRules: create(MirrorRulesSchema) } : {}),
      }),
    );
    yield `rebuild SrvVSchema of ${cell}`;
  }
}

/** SrvKeyspace of one cell from the shards that serve (docs/vitess.md#srvkeyspace). */
export const rebuildSrvKeyspace = (cluster: SimCluster, cell: string, keyspace: string): void => {
  const serving = cluster.topology
    .shards(keyspace)
    .filter((shard) => cluster.topology.shard(keyspace, shard).get()?.isPrimaryServing === true);
  const shardReferences = shardReferencesOf(serving);
  const partitions = SERVED_TYPES.map((servedType) =>
    create(SrvKeyspace_KeyspacePartitionSchema, { servedType, shardReferences }),
  );
  cluster.topology.srvKeyspace(cell, keyspace).put(create(SrvKeyspaceSchema, { partitions }));
};

/** `UpdateDisableQueryService`: a control for each shard, in every cell. */
export function* setControls(
  cluster: SimCluster,
  keyspace: string,
  type: TabletType,
  shards: readonly string[],
  disabled: boolean,
): Generator<string, void> {
  yield* changeEverywhere(
    cluster,
    keyspace,
    `${disabled ? "disable" : "enable"} ${TabletType[type]} of ${shards}`,
    (record) => ({
      ...record,
      partitions: record.partitions.map((partition) =>
        partition.servedType !== type
          ? partition
          : {
              ...partition,
              shardTabletControls: [
                ...partition.shardTabletControls.filter(({ name }) => !shards.includes(name)),
                ...shards.map((shard) => controlOf(shard, disabled)),
              ],
            },
      ),
    }),
  );
}

/** `MigrateServedType`: the targets take the sources' place; for PRIMARY all controls of the keyspace go. */
export function* migrateServedType(
  cluster: SimCluster,
  keyspace: string,
  type: TabletType,
  from: readonly string[],
  to: readonly string[],
): Generator<string, void> {
  yield* changeEverywhere(cluster, keyspace, `migrate ${TabletType[type]} to ${to}`, (record) => ({
    ...record,
    partitions: record.partitions.map((partition) => ({
      ...partition,
      shardReferences:
        partition.servedType !== type
          ? partition.shardReferences
          : shardReferencesOf([
              ...partition.shardReferences.map(({ name }) => name).filter((name) => !from.includes(name)),
              ...to,
            ]),
      shardTabletControls: type === TabletType.PRIMARY ? [] : partition.shardTabletControls,
    })),
  }));
}

function* changeEverywhere(
  cluster: SimCluster,
  keyspace: string,
  title: string,
  change: (record: SrvKeyspace) => SrvKeyspace,
): Generator<string, void> {
  for (const cell of cluster.topology.cells) {
    const at = cluster.topology.srvKeyspace(cell, keyspace);
    const record = at.get();
    if (record === null) continue;
    at.put(change(record));
    yield `${title} in ${cell}`;
  }
}

const shardReferencesOf = (shards: readonly string[]): ShardReference[] =>
  [...new Set(shards)]
    .toSorted((a, b) => orderKeyRanges(rangeOf(a), rangeOf(b)))
    .map((name) => create(ShardReferenceSchema, { name, ...rangeField(name) }));

const controlOf = (name: string, queryServiceDisabled: boolean): ShardTabletControl =>
  create(ShardTabletControlSchema, { name, ...rangeField(name), queryServiceDisabled });

const rangeOf = (shard: string) => keyRangeOfShard(shard) ?? { start: "", end: "" };

const rangeField = (shard: string) => {
  const keyRange = keyRangeRecord(shard);
  return keyRange === null ? {} : { keyRange };
};
