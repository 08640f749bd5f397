import { TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { encodeSrvKeyspace } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import {
  base64,
  type CellGraph,
  cellGraphs,
  keyPremise,
  keyspaceRecord,
  servingPremises,
  shardRecords,
} from "../facts/topology.js";
import { type Routing, undecidedFlags, unprovenMove, unreadableRecord } from "../guards/cell-routes.js";
import { repair } from "../repair.js";
import { expectedGraph } from "../serving/expected-graph.js";
import { disabledIn, namesOf, READ_TYPES, referencesOf } from "../serving/partitions.js";
import { refreshSteps } from "../serving/refresh.js";

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
      steps: named.flatMap((graph) => steps(snapshot, keyspace, graph, graphs)),
      restsOn: [
        ...servingPremises(snapshot, keyspace),
        ...shardRecords(snapshot, keyspace).map(({ server, key }) => keyPremise(snapshot, server, key)),
        ...(record === null ? [] : [keyPremise(snapshot, record.server, record.key)]),
      ],
    };
  },
});

const steps = (
  snapshot: Snapshot,
  keyspace: string,
  graph: CellGraph,
  graphs: readonly CellGraph[],
): readonly DraftStep[] => {
  const { cell, server, key, modRevision, bytes: before } = graph;
  const wanted = expectedGraph(snapshot, keyspace, graph, graphs);
  const after = base64(encodeSrvKeyspace(wanted));
  if (after === before) return [];
  const serves = (type: TabletType, shard: string): boolean =>
    namesOf(referencesOf(wanted, type)).includes(shard) && !disabledIn(wanted, type).includes(shard);
  return [
    {
      kind: "record.write",
      record: { kind: "srv-keyspace", cell, keyspace },
      ...{ server, key, modRevision, before, after },
    },
    // A tablet that was told not to serve by a record that is gone does not notice that by itself.
    ...shardRecords(snapshot, keyspace).flatMap(({ shard }) =>
      refreshSteps(
        snapshot,
        keyspace,
        shard,
        (process) =>
          process.cell === cell &&
          isIdle(snapshot, process.address) &&
          READ_TYPES.some((type) => TabletType[type] === process.type && serves(type, shard)),
      ),
    ),
  ];
};

const isIdle = (snapshot: Snapshot, address: string): boolean =>
  snapshot.rows("live_tablet", { address, serving: 0 }).length > 0;
