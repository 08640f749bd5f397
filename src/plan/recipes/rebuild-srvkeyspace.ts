import { cellGraphs, keyPremise, keyspaceRecord, servingPremises, shardPremises } from "../facts/topology.js";
import { type Routing, undecidedFlags, unprovenMove, unreadableRecord } from "../guards/cell-routes.js";
import { repair } from "../repair.js";
import { rebuildGraph } from "../serving/expected-graph.js";

/**
 * SrvKeyspace of the named cells, from the Shard records and the other cells. All cells of a keyspace in one stage, under its lock. What is
 * missing is put back (class safe); a route that there is is only changed by consent, and that of writes only where it is proven that the flags are right (`unprovenFlags`).
 */
export const rebuildSrvKeyspace = repair<Routing>({
  name: "rebuild-srvkeyspace",
  runs: "serving graph",
  by: (_, { object }) => object.keyspace ?? "",
  of: (snapshot, findings) => {
    const keyspace = findings[0].object.keyspace ?? "";
    const graphs = cellGraphs(snapshot, keyspace);
    const cells = findings.map(({ object }) => object.cell);
    return { keyspace, graphs, named: graphs.filter(({ cell }) => cells.includes(cell)) };
  },
  unless: [undecidedFlags, unreadableRecord, unprovenMove],
  plan: (snapshot, { keyspace, graphs, named }) => {
    const record = keyspaceRecord(snapshot, keyspace);
    return {
      title: `Rebuild SrvKeyspace of ${keyspace} in ${named.map(({ cell }) => cell).join(", ")}`,
      locks: [{ kind: "keyspace", keyspace }],
      steps: named.flatMap((graph) => rebuildGraph(snapshot, keyspace, graph, graphs)),
      restsOn: [
        ...servingPremises(snapshot, keyspace),
        ...shardPremises(snapshot, keyspace),
        ...(record === null ? [] : [keyPremise(snapshot, record.server, record.key)]),
      ],
    };
  },
});
