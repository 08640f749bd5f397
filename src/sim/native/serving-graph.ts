import { create } from "@bufbuild/protobuf";
import { keyRangeOfShard, orderKeyRanges } from "../../cluster/key-range.js";
import {
  type ShardReference,
  ShardReferenceSchema,
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
import { atLeast, type VitessVersion } from "../stream-row.js";
import { keyRangeRecord } from "../tablet-record.js";
import type { Vitess } from "./operation.js";

const SERVED_TYPES = [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY];

/** SrvVSchema of every cell from all VSchemas and the routing rules (docs/vitess.md#srvvschema). */
export function* rebuildSrvVSchema(cluster: Vitess, version: VitessVersion): Generator<string, void> {
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
export const rebuildSrvKeyspace = (cluster: Vitess, cell: string, keyspace: string): void => {
  const serving = cluster.topology
    .shards(keyspace)
    .filter((shard) => cluster.topology.shard(keyspace, shard).get()?.isPrimaryServing === true);
  const shardReferences = shardReferencesOf(serving);
  const partitions = SERVED_TYPES.map((servedType) =>
    create(SrvKeyspace_KeyspacePartitionSchema, { servedType, shardReferences }),
  );
  cluster.topology.srvKeyspace(cell, keyspace).put(create(SrvKeyspaceSchema, { partitions }));
};

export const shardReferencesOf = (shards: readonly string[]): ShardReference[] =>
  [...new Set(shards)]
    .toSorted((a, b) => orderKeyRanges(rangeOf(a), rangeOf(b)))
    .map((name) => create(ShardReferenceSchema, { name, ...rangeField(name) }));

const rangeOf = (shard: string) => keyRangeOfShard(shard) ?? { start: "", end: "" };

export const rangeField = (shard: string) => {
  const keyRange = keyRangeRecord(shard);
  return keyRange === null ? {} : { keyRange };
};
