import { gone } from "../draft.js";
import {
  type CellGraph,
  cellGraphs,
  servingPremises,
  shardPremises,
  shardRecords,
} from "../facts/topology.js";
import { workflowInTheWay } from "../guards/moved-traffic.js";
import { editRecord } from "../records/record-type.js";
import { srvKeyspace, withoutIdleControls } from "../records/srv-keyspace.js";
import { repair } from "../repair.js";

interface Idle {
  readonly keyspace: string;
  readonly graph: CellGraph;
  /** That have a record: a control of another one stops nothing, whatever it says. */
  readonly shards: readonly string[];
}

/**
 * Controls of SrvKeyspace that disable nothing, which RebuildKeyspaceGraph would drop with all else that it does not know; and those of shards
 * that are gone, for which it refuses (topotools/rebuild_keyspace.go).
 */
export const idleControls = repair<Idle>({
  name: "idle-controls",
  runs: "serving graph",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", cell } = object;
    const graph = cellGraphs(snapshot, keyspace).find((one) => one.cell === cell);
    return typeof graph?.record !== "object"
      ? gone(`cell ${cell} does not route ${keyspace} any more`)
      : { keyspace, graph, shards: shardRecords(snapshot, keyspace).map(({ shard }) => shard) };
  },
  unless: [workflowInTheWay],
  plan: (snapshot, { keyspace, graph, shards }) => ({
    title: `Take the controls that stop nothing out of SrvKeyspace of ${keyspace} in cell ${graph.cell}`,
    locks: [{ kind: "keyspace", keyspace }],
    steps: editRecord(
      snapshot,
      srvKeyspace,
      { cell: graph.cell, keyspace },
      graph,
      withoutIdleControls(shards),
    ),
    restsOn: [...servingPremises(snapshot, keyspace), ...shardPremises(snapshot, keyspace)],
  }),
});
