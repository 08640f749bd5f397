import type { Facts } from "../facts.js";
import type { ProcessRow, StreamRow } from "../gen/tables.js";
import { groupBy } from "./order.js";
import type { TopologyKnown } from "./record-state.js";
import { type ServingState, shardSwitch } from "./shard-switch.js";
import { type RoutingState, tableSwitch } from "./table-switch.js";
import { switchShowsIn } from "./workflow-kind.js";
import type { SwitchLookups } from "./workflow-phase.js";

export interface SwitchInputs extends ServingState, RoutingState {
  readonly topology: Pick<TopologyKnown, "globalAnswered" | "undecodable">;
  readonly stream: readonly StreamRow[];
  readonly process: readonly ProcessRow[];
}

export const switchLookups = (facts: Facts, inputs: SwitchInputs): SwitchLookups => {
  const ofShards = shardSwitch(inputs);
  const ofTables = tableSwitch(inputs);
  const recorded = new Set(inputs.shard.map(({ keyspace, shard }) => `${keyspace}/${shard}`));
  const asked = shardsAsked(facts, inputs.process);
  const byName = groupBy(inputs.stream, ({ keyspace, workflow }) => JSON.stringify([keyspace, workflow]));
  const lacks = (keyspace: string, shard: string): boolean =>
    inputs.topology.globalAnswered &&
    !recorded.has(`${keyspace}/${shard}`) &&
    !inputs.topology.undecodable.shard(keyspace, shard);
  return {
    lacksTargetShard: ({ keyspace, targetShards }) => targetShards.some((shard) => lacks(keyspace, shard)),
    // Very old rows of a Reshard do not say that they are one.
    switching: (workflow) => {
      const byTables = ofTables(workflow);
      const movesShards = workflow.migration === "shards";
      if (!movesShards && switchShowsIn(workflow.kind) !== "shards") return byTables;
      const byShards = ofShards(workflow);
      return { ...(movesShards ? byShards : byTables), signs: [...byShards.signs, ...byTables.signs] };
    },
    partner: ({ sourceKeyspace, sourceShards, partner }) => {
      const streams = byName.get(JSON.stringify([sourceKeyspace, partner])) ?? [];
      const known = sourceShards.every(
        (shard) => asked.has(`${sourceKeyspace}/${shard}`) || lacks(sourceKeyspace, shard),
      );
      return streams.length > 0 || known ? streams : null;
    },
  };
};

/** Shards whose streams some tablet of theirs told. */
const shardsAsked = (facts: Facts, processes: readonly ProcessRow[]): ReadonlySet<string> => {
  const told = new Set(
    facts.probe
      .filter(({ channel, answered }) => answered === 1 && (channel === "streams" || channel === "mysql"))
      .map(({ address }) => address),
  );
  return new Set(
    processes
      .filter(({ address, same_cluster }) => same_cluster === 1 && told.has(address))
      .map(({ keyspace, shard }) => `${keyspace}/${shard}`),
  );
};
