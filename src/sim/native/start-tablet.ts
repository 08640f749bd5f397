import { create } from "@bufbuild/protobuf";
import {
  ShardReplication_NodeSchema,
  ShardReplicationSchema,
  TabletAliasSchema,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import type { Time } from "../../proto/gen/vttime_pb.js";
import { atLeast } from "../stream-row.js";
import type { SimTablet } from "../tablet.js";
import { sameAlias } from "../topology.js";
import { addShard, createKeyspace } from "./keyspace.js";
import { underLock } from "./lock.js";
import { done, type Native, refuse, type Vitess } from "./operation.js";
import { rebuildSrvKeyspace } from "./serving-graph.js";

/**
 * vttablet's start in its order (`tm_init.go`, docs/vitess.md#tablet-start): it makes whatever record about itself is missing, the
 * Shard included.
 */
export function* startTablet(cluster: Vitess, tablet: SimTablet): Native {
  const { topology } = cluster;
  const { keyspace, shard, alias, version } = tablet;
  if (topology.keyspace(keyspace).get() === null) yield* createKeyspace(cluster, keyspace);
  if (topology.shard(keyspace, shard).get() === null) yield* addShard(cluster, keyspace, shard, version);
  if (topology.srvKeyspace(alias.cell, keyspace).get() === null)
    yield* underLock(
      cluster,
      { target: { kind: "keyspace", keyspace }, action: "RebuildKeyspace", version },
      function* (): Native {
        rebuildSrvKeyspace(cluster, alias.cell, keyspace);
        yield `rebuild SrvKeyspace of ${keyspace} in ${alias.cell}`;
        return done;
      },
    );
  const start = primaryShip(cluster, tablet);
  const existing = topology.tablet(alias).get();
  if (existing !== null && (existing.keyspace !== keyspace || existing.shard !== shard))
    return refuse(
      `initTablet failed because existing tablet keyspace and shard ${existing.keyspace}/${existing.shard} differ`,
    );
  if (start.type === TabletType.PRIMARY && atLeast(version, 20) && tablet.isDisabledByControl(start.type))
    return refuse("Prepared transactions have not been resolved yet");
  tablet.begin(start.type, start.term);
  topology.tablet(alias).put(tablet.record());
  yield `put Tablet ${tablet.name}`;
  const replication = topology.shardReplication(alias.cell, keyspace, shard);
  const nodes = replication.get()?.nodes ?? [];
  if (!nodes.some(({ tabletAlias }) => sameAlias(tabletAlias, alias))) {
    const tabletAlias = create(TabletAliasSchema, alias);
    const node = create(ShardReplication_NodeSchema, { tabletAlias });
    replication.put(create(ShardReplicationSchema, { nodes: [...nodes, node] }));
    yield `add ${tablet.name} to ShardReplication of ${keyspace}/${shard}`;
  }
  followPrimary(cluster, tablet);
  tablet.refreshState();
  tablet.publish();
  yield `publish Tablet ${tablet.name}`;
  return done;
}

/** `checkPrimaryShip`. */
const primaryShip = (
  cluster: Vitess,
  tablet: SimTablet,
): { readonly type: TabletType; readonly term: Time | null } => {
  const shard = cluster.topology.shard(tablet.keyspace, tablet.shard).get();
  const record = cluster.topology.tablet(tablet.alias).get();
  const recordTerm = record?.primaryTermStartTime ?? null;
  if (sameAlias(shard?.primaryAlias, tablet.alias)) {
    if (record === null) return { type: TabletType.PRIMARY, term: null };
    const shardTerm = shard?.primaryTermStartTime ?? null;
    return { type: TabletType.PRIMARY, term: record.type === TabletType.PRIMARY ? recordTerm : shardTerm };
  }
  const newer = (recordTerm?.seconds ?? 0n) > (shard?.primaryTermStartTime?.seconds ?? 0n);
  return record?.type === TabletType.PRIMARY && newer
    ? { type: TabletType.PRIMARY, term: recordTerm }
    : { type: tablet.initType, term: null };
};

/** Replication is set up only where the shard names a primary; otherwise MySQL keeps what it had. */
const followPrimary = (cluster: Vitess, tablet: SimTablet): void => {
  if (tablet.type === TabletType.PRIMARY) return;
  const primary = cluster.topology.shard(tablet.keyspace, tablet.shard).get()?.primaryAlias;
  const record = primary === undefined ? null : cluster.topology.tablet(primary).get();
  const source = record === null ? null : cluster.tabletAt(record);
  if (source !== null && source !== tablet) tablet.mysql.replicateFrom(source.mysql);
};
