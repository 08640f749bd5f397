import { type ShardReference, type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import type { DraftStep, Obstacle } from "../draft.js";
import { lastDeletions } from "../facts/dropped-shard.js";
import { tabletRef } from "../facts/processes.js";
import { type CellGraph, cellGraphs } from "../facts/topology.js";
import { writeGraph } from "../records/srv-keyspace.js";
import { firstGraph } from "../serving/expected-graph.js";
import { faultOf, namesOf, referencesOf, SERVED_TYPES, sameRoute } from "../serving/partitions.js";
import { byHand, type LostKeyspace, referencesOfLost } from "./lost-keyspace.js";

/** How a cell routed a keyspace, and how it does again. */
type Graph = Pick<CellGraph, "cell"> &
  (
    | { readonly kind: "step"; readonly steps: readonly DraftStep[] }
    | { readonly kind: "unlike"; readonly why: string }
  );

/**
 * SrvKeyspace of every cell: as it is, else byte for byte as history shows it, where it routes writes as the Shard records that come back;
 * else, where nobody routes yet, as a rebuild of Vitess writes it.
 */
const graphsOf = (snapshot: Snapshot, lost: LostKeyspace): readonly Graph[] => {
  const serving = referencesOfLost(lost);
  const history = lastDeletions(snapshot, { keyspace: lost.keyspace, shard: "" }, "srv_keyspace", "cell");
  return cellGraphs(snapshot, lost.keyspace).map((graph): Graph => {
    const { cell, record, bytes, modRevision } = graph;
    const last = history.find((deletion) => deletion.cell === cell);
    const read = last === undefined ? null : decodeSrvKeyspace(last.value);
    const old = record === "absent" ? (read?.kind === "answered" ? read.value : null) : record;
    if (old === "unreadable") return { kind: "unlike", cell, why: "can not be read" };
    const isRouted = old !== null && old.partitions.length > 0;
    const why = isRouted ? unlike(old, lost, serving) : null;
    if (why !== null) return { kind: "unlike", cell, why };
    const after = isRouted ? old : firstGraph(lost.record.value, serving);
    const write = { before: bytes, modRevision, after, serving: primariesOf(snapshot, lost) };
    return { kind: "step", cell, steps: writeGraph(lost.keyspace, graph, write) };
  });
};

const unlike = (
  record: SrvKeyspace,
  { shards }: LostKeyspace,
  serving: readonly ShardReference[],
): string | null => {
  const writes = referencesOf(record, TabletType.PRIMARY);
  if (!sameRoute(writes, serving))
    return `routes writes to ${namesOf(writes).join(", ") || "no shard"}, and by their Shard records ${namesOf(serving).join(", ") || "none"} served`;
  const stray = SERVED_TYPES.flatMap((type) => namesOf(referencesOf(record, type))).find(
    (name) => !shards.some(({ shard }) => shard === name),
  );
  return stray === undefined ? null : `routes reads to ${stray}, which does not come back`;
};

/** What makes it unknown where queries went, or leaves a part of them without a shard. */
export const unroutable = (snapshot: Snapshot, lost: LostKeyspace): readonly Obstacle[] => {
  const fault = faultOf(referencesOfLost(lost));
  if (fault !== null)
    return [
      {
        reason: `${lost.keyspace} would not serve all of its key range: ${fault}, by the Shard records and the tablets that run`,
        instead: byHand(lost.keyspace),
      },
    ];
  return graphsOf(snapshot, lost).flatMap((graph) =>
    graph.kind === "step"
      ? []
      : [
          {
            reason: `the last SrvKeyspace of ${lost.keyspace} in cell ${graph.cell} ${graph.why}`,
            instead: byHand(lost.keyspace),
          },
        ],
  );
};

/** Queries are served again by these, so they come last. */
export const graphSteps = (snapshot: Snapshot, lost: LostKeyspace): readonly DraftStep[] => {
  const cells = cellsToRebuild(snapshot, lost);
  return [
    ...graphsOf(snapshot, lost).flatMap((graph) => (graph.kind === "step" ? graph.steps : [])),
    ...(cells.length === 0 ? [] : [{ kind: "srvvschema.rebuild", cells } as const]),
  ];
};

/** Cells whose SrvVSchema does not have what comes back: a deletion alone leaves it there (docs/vitess.md#srvvschema). */
export const cellsToRebuild = (snapshot: Snapshot, { keyspace }: LostKeyspace): readonly string[] =>
  cellGraphs(snapshot, keyspace)
    .map(({ cell }) => cell)
    .filter((cell) => snapshot.rows("vschema", { keyspace, scope: cell }).length === 0);

const primariesOf = (snapshot: Snapshot, { shards, keyspace }: LostKeyspace) =>
  shards
    .filter(({ record }) => record.isPrimaryServing)
    .map(({ shard, primaries }) => ({
      what: `PRIMARY of ${keyspace}/${shard}`,
      tablets: primaries.map((process) => tabletRef(snapshot, process)),
    }));
