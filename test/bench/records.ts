import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { keyRangeOfShard } from "../../src/cluster/key-range.js";
import {
  CellInfoSchema,
  KeyspaceSchema,
  ShardReplicationSchema,
  ShardSchema,
  SrvKeyspaceSchema,
  TabletSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import { SrvVSchemaSchema } from "../../src/proto/gen/vschema_pb.js";
import {
  cellInfoKey,
  keyspaceKey,
  shardKey,
  shardReplicationKey,
  srvKeyspaceKey,
  srvVSchemaKey,
  tabletKey,
  vschemaKey,
} from "../../src/topology/paths.js";
import {
  encodeCellInfo,
  encodeKeyspace,
  encodeShard,
  encodeShardReplication,
  encodeSrvKeyspace,
  encodeSrvVSchema,
  encodeTablet,
} from "../../src/topology/records.js";
import {
  type BenchTablet,
  CELLS,
  cellRoot,
  keyspacesOf,
  ROOT,
  type Shape,
  shardsOf,
  TERM_START,
  tabletsOf,
} from "./shape.js";

export interface TopologyRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Every record of the cluster, as Vitess writes them. */
export function* recordsOf(shape: Shape, etcd: string): Generator<TopologyRecord> {
  const keyspaces = keyspacesOf(shape);
  for (const cell of CELLS) {
    yield { key: cellInfoKey(ROOT, cell), value: cellInfo(etcd, cell) };
    yield { key: srvVSchemaKey(cellRoot(cell)), value: srvVSchema(keyspaces) };
  }
  for (const [index, keyspace] of keyspaces.entries()) {
    yield { key: keyspaceKey(ROOT, keyspace), value: encodeKeyspace(create(KeyspaceSchema, DURABLE)) };
    yield { key: vschemaKey(ROOT, keyspace), value: SHARDED };
    const served = srvKeyspace(shardsOf(shape, index));
    for (const cell of CELLS) yield { key: srvKeyspaceKey(cellRoot(cell), keyspace), value: served };
  }
  for (const tablet of tabletsOf(shape)) yield* recordsOfTablet(tablet);
}

function* recordsOfTablet(tablet: BenchTablet): Generator<TopologyRecord> {
  const { cell, uid, keyspace, shard, primary, at } = tablet;
  const alias = { cell, uid };
  const term = primary ? { primaryTermStartTime: { seconds: BigInt(TERM_START), nanoseconds: 0 } } : {};
  const keyRange = rangeOf(shard);
  yield {
    key: tabletKey(cellRoot(cell), alias),
    value: encodeTablet(
      create(TabletSchema, {
        alias,
        hostname: at.host,
        portMap: { grpc: at.grpcPort, vt: at.httpPort },
        keyspace,
        shard,
        keyRange,
        type: primary ? TabletType.PRIMARY : TabletType.REPLICA,
        mysqlHostname: at.mysqlHost,
        mysqlPort: at.mysqlPort,
        ...term,
      }),
    ),
  };
  const nodes = [{ tabletAlias: alias }];
  yield {
    key: shardReplicationKey(cellRoot(cell), keyspace, shard),
    value: encodeShardReplication(create(ShardReplicationSchema, { nodes })),
  };
  if (!primary) return;
  yield {
    key: shardKey(ROOT, keyspace, shard),
    value: encodeShard(
      create(ShardSchema, { primaryAlias: alias, keyRange, isPrimaryServing: true, ...term }),
    ),
  };
}

const DURABLE = { durabilityPolicy: "none", sidecarDbName: "_vt" };

/** vschema.Keyspace with `sharded` set (proto/vschema.proto, field 1). */
const SHARDED = Uint8Array.of(0x08, 0x01);

const cellInfo = (etcd: string, cell: string): Uint8Array =>
  encodeCellInfo(create(CellInfoSchema, { serverAddress: etcd, root: cellRoot(cell) }));

const srvVSchema = (keyspaces: readonly string[]): Uint8Array =>
  encodeSrvVSchema(
    create(SrvVSchemaSchema, {
      keyspaces: Object.fromEntries(keyspaces.map((keyspace) => [keyspace, { sharded: true }])),
      routingRules: {},
      shardRoutingRules: {},
      keyspaceRoutingRules: {},
    }),
  );

function srvKeyspace(shards: readonly string[]): Uint8Array {
  const shardReferences = shards.map((name) => ({ name, keyRange: rangeOf(name) }));
  const types = [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY];
  return encodeSrvKeyspace(
    create(SrvKeyspaceSchema, {
      partitions: types.map((servedType) => ({ servedType, shardReferences })),
    } satisfies MessageInitShape<typeof SrvKeyspaceSchema>),
  );
}

function rangeOf(shard: string): { start: Uint8Array; end: Uint8Array } {
  const { start, end } = keyRangeOfShard(shard) ?? { start: "", end: "" };
  return { start: Buffer.from(start, "hex"), end: Buffer.from(end, "hex") };
}
