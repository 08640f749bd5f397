import type { ShardRow, SrvControlRow, SrvPartitionRow } from "../gen/tables.js";
import { groupBy } from "./order.js";
import type { SwitchState } from "./switch-state.js";
import type { WorkflowStreams } from "./workflow.js";

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
  const serving = new Set(
    shard.filter((row) => row.is_primary_serving === 1).map((row) => `${row.keyspace}/${row.shard}`),
  );
  const partitions = groupBy(srv_partition, ({ keyspace }) => keyspace);
  const disabled = new Set(
    srv_control
      .filter((row) => row.tablet_type === "PRIMARY" && row.query_service_disabled === 1)
      .map((row) => `${row.keyspace}/${row.shard}`),
  );
  return (workflow) => {
    const { keyspace, sourceShards, targetShards } = workflow;
    const served = (shards: readonly string[]) =>
      shards.filter((name) => serving.has(`${keyspace}/${name}`)).length;
    const sourcesServe = served(sourceShards) > 0;
    const targetsServe = served(targetShards);
    const partition = partitions.get(keyspace) ?? [];
    const routed = targetsRouted(
      workflow,
      partition.filter(({ tablet_type }) => tablet_type === "PRIMARY"),
    );
    const stopping = sourceShards.some((name) => disabled.has(`${keyspace}/${name}`));
    const switched =
      !sourcesServe && targetsServe === targetShards.length && routed !== "source" && !stopping;
    const untouched = sourcesServe && targetsServe === 0 && !stopping;
    return {
      writes: switched ? "target" : untouched ? "source" : "neither",
      readsOnTarget: partition.some(
        ({ tablet_type, shard: name }) => tablet_type !== "PRIMARY" && targetShards.includes(name),
      ),
    };
  };
};

/** To which side the cells route; `unknown` where no cell says. */
const targetsRouted = (
  { targetShards, sourceShards }: WorkflowStreams,
  primaries: readonly SrvPartitionRow[],
): "source" | "target" | "unknown" => {
  const names = new Set(primaries.map(({ shard }) => shard));
  if (sourceShards.some((name) => names.has(name))) return "source";
  return targetShards.every((name) => names.has(name)) ? "target" : "unknown";
};
