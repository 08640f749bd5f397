import type { ShardRow, SrvControlRow, SrvPartitionRow } from "../gen/tables.js";
import { groupBy } from "./order.js";
import { type Sign, type SwitchState, sign } from "./switch-sign.js";
import type { WorkflowStreams } from "./workflow-streams.js";

export interface ServingState {
  readonly shard: readonly ShardRow[];
  readonly srv_partition: readonly SrvPartitionRow[];
  readonly srv_control: readonly SrvControlRow[];
}

/**
 * A Reshard's switch shows in the shards' flags and in every cell's SrvKeyspace; a cutover half done in SrvKeyspace alone, as PRIMARY
 * controls on the sources (docs/vitess.md#interrupted-switch, docs/vitess.md#srvkeyspace).
 */
export const shardSwitch = ({ shard, srv_partition, srv_control }: ServingState): SwitchState => {
  const records = new Map(shard.map((row) => [`${row.keyspace}/${row.shard}`, row]));
  const partitions = groupBy(srv_partition, ({ keyspace }) => keyspace);
  const disabled = groupBy(
    srv_control.filter((row) => row.query_service_disabled === 1),
    ({ keyspace }) => keyspace,
  );
  return (workflow) => {
    const { keyspace, sourceShards, targetShards } = workflow;
    const listings = partitions.get(keyspace) ?? [];
    const signs = [
      ...flags(workflow, records),
      ...routing(workflow, listings),
      ...(disabled.get(keyspace) ?? []).filter((row) => sourceShards.includes(row.shard)).map(ofControl),
    ];
    const count = (kind: Sign["kind"]): number => signs.filter((one) => one.kind === kind).length;
    const sourcesServe = count("source-idle") < sourceShards.length;
    const stopping = signs.some((one) => one.kind === "source-disabled" && one.traffic === "writes");
    const routedToSource = listings.some(
      ({ tablet_type, shard: name }) => tablet_type === "PRIMARY" && sourceShards.includes(name),
    );
    const switched =
      !sourcesServe && count("target-serves") === targetShards.length && !routedToSource && !stopping;
    const untouched = sourcesServe && count("target-serves") === 0 && !stopping;
    return {
      writes: switched ? "target" : untouched ? "source" : "neither",
      readsOnTarget: signs.some((one) => one.kind === "to-target" && one.traffic === "reads"),
      signs,
    };
  };
};

const flags = (
  { keyspace, sourceShards, targetShards }: WorkflowStreams,
  records: ReadonlyMap<string, ShardRow>,
): readonly Sign[] => {
  const named = (shards: readonly string[]) =>
    shards
      .toSorted()
      .map((name) => ({ shard: `${keyspace}/${name}`, row: records.get(`${keyspace}/${name}`) }));
  return [
    ...named(targetShards)
      .filter(({ row }) => row?.is_primary_serving === 1)
      .map(({ shard, row }) => sign("target-serves", { shard, ...at(row) })),
    ...named(sourceShards)
      .filter(({ row }) => row?.is_primary_serving !== 1)
      .map(({ shard, row }) => sign("source-idle", { shard, ...at(row) })),
  ];
};

const at = (row: ShardRow | undefined) => ({ key: row?.key ?? "", revision: row?.revision ?? 0 });

const routing = (
  { sourceShards, targetShards }: WorkflowStreams,
  listings: readonly SrvPartitionRow[],
): readonly Sign[] => {
  const lists = (members: readonly SrvPartitionRow[], shards: readonly string[]): boolean =>
    members.some(({ shard }) => shards.includes(shard));
  const others = [...groupBy(listings, ({ cell, tablet_type }) => `${cell} ${tablet_type}`).values()].filter(
    (members) => !lists(members, targetShards),
  );
  return [
    ...listings
      .filter(({ shard }) => targetShards.includes(shard))
      .map((row) => ofPartition("to-target", row, row.shard)),
    ...others.flatMap((members) =>
      sourceShards
        .toSorted()
        .filter((name) => !lists(members, [name]))
        .flatMap((name) => members.slice(-1).map((row) => ofPartition("off-source", row, name))),
    ),
  ];
};

const trafficOf = (tabletType: string): Sign["traffic"] => (tabletType === "PRIMARY" ? "writes" : "reads");

const ofPartition = (kind: "to-target" | "off-source", row: SrvPartitionRow, shard: string): Sign =>
  sign(kind, {
    traffic: trafficOf(row.tablet_type),
    shard: `${row.keyspace}/${shard}`,
    cell: row.cell,
    name: row.tablet_type,
    key: row.key,
    revision: row.revision,
  });

const ofControl = (row: SrvControlRow): Sign =>
  sign("source-disabled", {
    traffic: trafficOf(row.tablet_type),
    shard: `${row.keyspace}/${row.shard}`,
    cell: row.cell,
    name: row.tablet_type,
    key: row.key,
    revision: row.revision,
  });
