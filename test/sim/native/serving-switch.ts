import { create } from "@bufbuild/protobuf";
import {
  type ShardTabletControl,
  ShardTabletControlSchema,
  type SrvKeyspace,
  TabletType,
} from "../../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../../src/sim/cluster.js";
import { rangeField, shardReferencesOf } from "../../../src/sim/native/serving-graph.js";

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

const controlOf = (name: string, queryServiceDisabled: boolean): ShardTabletControl =>
  create(ShardTabletControlSchema, { name, ...rangeField(name), queryServiceDisabled });
