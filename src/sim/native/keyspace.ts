import { create } from "@bufbuild/protobuf";
import { contains, keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import { KeyspaceSchema, ShardSchema } from "../../proto/gen/topodata_pb.js";
import { type Keyspace as VSchema, KeyspaceSchema as VSchemaSchema } from "../../proto/gen/vschema_pb.js";
import { keyspaceIdOf } from "../stream-filter.js";
import type { VitessVersion } from "../stream-row.js";
import { keyRangeRecord } from "../tablet-record.js";
import { underLock } from "./lock.js";
import { done, type Native, type Vitess } from "./operation.js";
import { rebuildSrvVSchema } from "./serving-graph.js";

/** `CreateKeyspace --durability-policy none`. */
export function* createKeyspace(cluster: Vitess, keyspace: string): Native {
  const { topology } = cluster;
  topology.keyspace(keyspace).put(create(KeyspaceSchema, { durabilityPolicy: "none", sidecarDbName: "_vt" }));
  yield `create Keyspace ${keyspace}`;
  topology.vschema(keyspace).put(create(VSchemaSchema));
  yield `create VSchema of ${keyspace}`;
  yield* rebuildSrvVSchema(cluster, cluster.version);
  return done;
}

/** `CreateShard`, also as a starting vttablet does it: a shard serves where nothing that exists overlaps it. */
export function* addShard(
  cluster: Vitess,
  keyspace: string,
  shard: string,
  version: VitessVersion = cluster.version,
): Native {
  const { topology } = cluster;
  return yield* underLock(
    cluster,
    { target: { kind: "keyspace", keyspace }, action: "CreateShard", version },
    function* (): Native {
      const range = keyRangeOfShard(shard) ?? { start: "", end: "" };
      const overlapped = topology
        .shards(keyspace)
        .some((other) => overlaps(range, keyRangeOfShard(other) ?? { start: "", end: "" }));
      const keyRange = keyRangeRecord(shard);
      topology
        .shard(keyspace, shard)
        .put(
          create(ShardSchema, { ...(keyRange === null ? {} : { keyRange }), isPrimaryServing: !overlapped }),
        );
      yield `create Shard ${keyspace}/${shard}`;
      return done;
    },
  );
}

/** `ApplySchema`: the tables on every primary of the keyspace. */
export function* applySchema(
  cluster: Vitess,
  keyspace: string,
  tables: Readonly<Record<string, string>>,
): Native {
  const options = {
    target: { kind: "keyspace", keyspace },
    action: "ApplySchemaKeyspace",
    version: cluster.version,
  } as const;
  return yield* underLock(cluster, options, function* (): Native {
    for (const shard of cluster.topology.shards(keyspace)) {
      const { mysql, dbName } = cluster.primary(keyspace, shard);
      for (const [name, definition] of Object.entries(tables)) mysql.createTable(dbName, name, definition);
      yield `apply schema to ${keyspace}/${shard}`;
    }
    return done;
  });
}

/** `ApplyVSchema`. */
export function* applyVSchema(cluster: Vitess, keyspace: string, vschema: VSchema): Native {
  cluster.topology.vschema(keyspace).put(vschema);
  yield `put VSchema of ${keyspace}`;
  yield* rebuildSrvVSchema(cluster, cluster.version);
  return done;
}

/** Rows of an application, spread over the shards that serve by their primary key. */
export const insertRows = (
  cluster: Vitess,
  keyspace: string,
  table: string,
  rows: readonly { readonly key: string; readonly content: string }[],
): void => {
  for (const shard of cluster.topology.shards(keyspace)) {
    if (cluster.topology.shard(keyspace, shard).get()?.isPrimaryServing !== true) continue;
    const { mysql, dbName, keyRange } = cluster.primary(keyspace, shard);
    mysql.insert(
      dbName,
      table,
      rows.filter(({ key }) => contains(keyRange, keyspaceIdOf(key))),
    );
  }
};
