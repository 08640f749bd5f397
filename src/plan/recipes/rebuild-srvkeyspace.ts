import type { Finding } from "../../findings/finding.js";
import { type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { encodeSrvKeyspace } from "../../topology/records.js";
import { type Draft, EMPTY_DRAFT, joinDrafts } from "../draft.js";
import { unprovenFlags, writesOf } from "../guards/unproven-flags.js";
import type { Obstacle } from "../obstacle.js";
import { expectedGraph, servingReferences, soundRecord } from "../serving/expected-graph.js";
import {
  disabledIn,
  faultOf,
  namesOf,
  onlyAdds,
  READ_TYPES,
  referencesOf,
  sameRoute,
} from "../serving/partitions.js";
import { refreshSteps } from "../serving/refresh.js";
import type { DraftStep } from "../steps/index.js";
import { base64, keyRead } from "../view/keys.js";
import { servingReads } from "../view/serving.js";
import { keyspaceRecord, shardRecords } from "../view/shards.js";
import { type CellGraph, cellGraphs } from "../view/srv-keyspaces.js";
import type { Recipe } from "./recipe.js";

/**
 * SrvKeyspace of the named cells, from the Shard records and the other cells. All cells of a keyspace in one stage, under its lock. What is
 * missing is put back (`srvkeyspace.rebuild`, class safe); a route that there is is only changed by consent (`srvkeyspace.update`), and
 * that of writes only where it is proven that the flags are right (`unprovenFlags`).
 */
export const rebuildSrvKeyspace: Recipe = (snapshot, findings) =>
  joinDrafts(
    [...new Set(findings.map(({ object }) => object.keyspace ?? ""))].sort().map((keyspace) =>
      draftOf(
        snapshot,
        keyspace,
        findings.filter(({ object }) => object.keyspace === keyspace),
      ),
    ),
  );

const draftOf = (snapshot: Snapshot, keyspace: string, findings: readonly Finding[]): Draft => {
  const graphs = cellGraphs(snapshot, keyspace);
  const fault = faultOf(servingReferences(snapshot, keyspace)) ?? cutover(snapshot, keyspace);
  if (fault !== null)
    return blocked(findings, {
      reason: `the Shard records of ${keyspace} can not say how it is to be routed: ${fault}`,
      instead:
        "repair that first: decide which shards serve, and let their records say so (vtctldclient SetShardIsPrimaryServing)",
    });
  const named = graphs.filter(({ cell }) => findings.some(({ object }) => object.cell === cell));
  const unreadable = named.find(({ record }) => record === "unreadable");
  if (unreadable !== undefined)
    return blocked(findings, {
      reason: `${unreadable.key} can not be decoded`,
      instead: `vtctldclient RebuildKeyspaceGraph --cells ${unreadable.cell} ${keyspace}`,
    });
  const unproven = unprovenMove(snapshot, keyspace, named, graphs);
  if (unproven !== null) return blocked(findings, unproven);
  const record = keyspaceRecord(snapshot, keyspace);
  return {
    repairs: findings.map(({ id }) => id),
    stages: [
      {
        title: `Rebuild SrvKeyspace of ${keyspace} in ${named.map(({ cell }) => cell).join(", ")}`,
        locks: [{ kind: "keyspace", keyspace }],
        steps: named.flatMap((graph) => steps(snapshot, keyspace, graph, graphs)),
      },
    ],
    reads: [
      ...servingReads(snapshot, keyspace),
      ...shardRecords(snapshot, keyspace).map(({ server, key }) => keyRead(snapshot, server, key)),
      ...(record === null ? [] : [keyRead(snapshot, record.server, record.key)]),
    ],
    blocked: [],
    notes: [],
  };
};

/** Null where the flags send no writes of a named cell elsewhere than they, or those of another cell, go already. */
const unprovenMove = (
  snapshot: Snapshot,
  keyspace: string,
  named: readonly CellGraph[],
  graphs: readonly CellGraph[],
): Obstacle | null => {
  const to = servingReferences(snapshot, keyspace);
  for (const graph of named) {
    const others = graphs.filter(({ cell }) => cell !== graph.cell);
    const agreed = soundRecord(others, to) !== null;
    if (isEmpty(graph) ? agreed : sameRoute(writesOf(graph), to)) continue;
    const overruled = isEmpty(graph) ? others.filter((other) => writesOf(other).length > 0) : [graph];
    const obstacle = unprovenFlags(snapshot, { keyspace, to, overruled, agreed });
    if (obstacle !== null) return obstacle;
  }
  return null;
};

const isEmpty = ({ record }: CellGraph): boolean =>
  typeof record !== "object" || record.partitions.length === 0;

const steps = (
  snapshot: Snapshot,
  keyspace: string,
  graph: CellGraph,
  graphs: readonly CellGraph[],
): readonly DraftStep[] => {
  const { cell, server, key, modRevision, bytes: before } = graph;
  const wanted = expectedGraph(snapshot, keyspace, graph, graphs);
  const value = base64(encodeSrvKeyspace(wanted));
  if (value === before) return [];
  const serves = (type: TabletType, shard: string): boolean =>
    namesOf(referencesOf(wanted, type)).includes(shard) && !disabledIn(wanted, type).includes(shard);
  return [
    { kind: kindOf(graph, wanted), cell, keyspace, server, key, modRevision, before, value },
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

/** Consent is needed for what changes a route that there is; what was missing is put back without. */
const kindOf = ({ record }: CellGraph, wanted: SrvKeyspace): "srvkeyspace.rebuild" | "srvkeyspace.update" =>
  typeof record !== "object" || onlyAdds(record, wanted) ? "srvkeyspace.rebuild" : "srvkeyspace.update";

const isIdle = (snapshot: Snapshot, address: string): boolean =>
  snapshot.rows("live_tablet", { address, serving: 0 }).length > 0;

/** In a cutover the controls are the only record of who may write; they are not to be invented. */
const cutover = (snapshot: Snapshot, keyspace: string): string | null => {
  const found = snapshot
    .rows("workflow", { keyspace, migration: "shards" })
    .find(({ phase }) => phase === "cutover" || phase === "cutover-journaled");
  return found === undefined ? null : `a switch of ${keyspace}.${found.workflow} stopped half-way`;
};

const blocked = (findings: readonly Finding[], { reason, instead }: Obstacle): Draft => ({
  ...EMPTY_DRAFT,
  blocked: findings.map(({ object, id }) => ({ object, finding: id, reason, instead })),
});
