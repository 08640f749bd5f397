import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Guard } from "../draft.js";
import { servingReferences, soundRecord } from "../serving/expected-graph.js";
import { faultOf, sameRoute } from "../serving/partitions.js";
import type { CellGraph } from "../view/srv-keyspaces.js";
import { unprovenFlags, writesOf } from "./unproven-flags.js";

/** How the cells route a keyspace. */
export interface Routing {
  readonly keyspace: string;
  readonly graphs: readonly CellGraph[];
  /** Those of the cells that are to be rebuilt. */
  readonly named: readonly CellGraph[];
}

/** In a cutover the controls are the only record of who may write; they are not to be invented. */
const cutover = (snapshot: Snapshot, keyspace: string): string | null => {
  const found = snapshot
    .rows("workflow", { keyspace, migration: "shards" })
    .find(({ phase }) => phase === "cutover" || phase === "cutover-journaled");
  return found === undefined ? null : `a switch of ${keyspace}.${found.workflow} stopped half-way`;
};

export const undecidedFlags: Guard<Routing> = (snapshot, { keyspace }) => {
  const fault = faultOf(servingReferences(snapshot, keyspace)) ?? cutover(snapshot, keyspace);
  return fault === null
    ? []
    : [
        {
          reason: `the Shard records of ${keyspace} can not say how it is to be routed: ${fault}`,
          instead:
            "repair that first: decide which shards serve, and let their records say so (vtctldclient SetShardIsPrimaryServing)",
        },
      ];
};

export const unreadableRecord: Guard<Routing> = (_, { keyspace, named }) =>
  named
    .filter(({ record }) => record === "unreadable")
    .slice(0, 1)
    .map(({ key, cell }) => ({
      reason: `${key} can not be decoded`,
      instead: `vtctldclient RebuildKeyspaceGraph --cells ${cell} ${keyspace}`,
    }));

/** None where the flags send no writes of a named cell elsewhere than they, or those of another cell, go already. */
export const unprovenMove: Guard<Routing> = (snapshot, { keyspace, named, graphs }) => {
  const to = servingReferences(snapshot, keyspace);
  for (const graph of named) {
    const others = graphs.filter(({ cell }) => cell !== graph.cell);
    const agreed = soundRecord(others, to) !== null;
    if (isEmpty(graph) ? agreed : sameRoute(writesOf(graph), to)) continue;
    const overruled = isEmpty(graph) ? others.filter((other) => writesOf(other).length > 0) : [graph];
    const obstacle = unprovenFlags(snapshot, { keyspace, to, overruled, agreed });
    if (obstacle !== null) return [obstacle];
  }
  return [];
};

const isEmpty = ({ record }: CellGraph): boolean =>
  typeof record !== "object" || record.partitions.length === 0;
