import { create } from "@bufbuild/protobuf";
import { Shard_TabletControlSchema, TabletType } from "../../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../../src/sim/cluster.js";
import type { Participant } from "../../../src/sim/native/workflow.js";

/** `UpdateDeniedTables` for PRIMARY in the Shard records, with RefreshState on the shards' tablets. */
export const denyTables = (
  cluster: SimCluster,
  keyspace: string,
  at: readonly Participant[],
  tables: readonly string[],
): Generator<string, void> => changeDenied(cluster, keyspace, at, (denied) => [...denied, ...tables]);

export const allowTables = (
  cluster: SimCluster,
  keyspace: string,
  at: readonly Participant[],
  tables: readonly string[],
): Generator<string, void> =>
  changeDenied(cluster, keyspace, at, (denied) => denied.filter((table) => !tables.includes(table)));

function* changeDenied(
  cluster: SimCluster,
  keyspace: string,
  participants: readonly Participant[],
  change: (denied: readonly string[]) => readonly string[],
): Generator<string, void> {
  for (const { shard } of participants) {
    const at = cluster.topology.shard(keyspace, shard);
    const record = at.get();
    if (record === null) continue;
    const others = record.tabletControls.filter(({ tabletType }) => tabletType !== TabletType.PRIMARY);
    const before = record.tabletControls.find(({ tabletType }) => tabletType === TabletType.PRIMARY);
    const deniedTables = [...new Set(change(before?.deniedTables ?? []))];
    const control = create(Shard_TabletControlSchema, { tabletType: TabletType.PRIMARY, deniedTables });
    at.put({ ...record, tabletControls: deniedTables.length === 0 ? others : [...others, control] });
    yield `put Shard ${keyspace}/${shard}`;
    for (const alias of cluster.topology.replicas(keyspace, shard)) cluster.byAlias(alias)?.refreshState();
  }
}
