import type { Guard } from "../draft.js";
import { cellsToRebuild, unroutable } from "../dropped/lost-graph.js";
import { byHand, type LostKeyspace } from "../dropped/lost-keyspace.js";
import { cells, shardNames, shardRecords } from "../facts/topology.js";
import { ownedByOperator } from "./dropped-shards.js";
import { poorerVSchemasBut } from "./poorer-vschema.js";

/** Somebody began to make it anew, or a vttablet that was restarted. */
const begunAnew: Guard<LostKeyspace> = (snapshot, { keyspace }) => {
  const there = shardRecords(snapshot, keyspace);
  return there.length === 0
    ? []
    : [
        {
          reason: `${shardNames(there)} has its Shard record again, while ${keyspace} has no Keyspace record: who writes shards of it now, and with which serving flags, nobody can tell`,
          instead: `find out who wrote it; where it was a restarted vttablet or a half-done deletion, create the Keyspace record by the steps of keyspace-missing-live-tablets@${keyspace}, then scan again`,
        },
      ];
};

const silentCells: Guard<LostKeyspace> = (snapshot, { keyspace }) =>
  cells(snapshot)
    .filter(({ answered }) => answered === 0)
    .map(({ cell }) => ({
      reason: `cell ${cell} did not answer, so nobody knows what it has of ${keyspace}`,
      instead: "make the cell's topology server reachable, then plan again",
    }));

const ofOperator: Guard<LostKeyspace> = (snapshot, { shards }) =>
  shards.flatMap((shard) => ownedByOperator(snapshot, shard)).slice(0, 1);

const unknownVSchema: Guard<LostKeyspace> = (_, { keyspace, vschema }) =>
  vschema === "unknown"
    ? [
        {
          reason: `etcd's history does not show the VSchema of ${keyspace} any more, so nobody knows by which vindexes its rows lie on their shards`,
          instead: byHand(keyspace),
        },
      ]
    : [];

const unfitShards: Guard<LostKeyspace> = (_, { unfit }) => unfit;

/** A rebuild of SrvVSchema publishes every keyspace's VSchema. */
const othersLost: Guard<LostKeyspace> = (snapshot, lost) =>
  cellsToRebuild(snapshot, lost).length === 0 ? [] : poorerVSchemasBut(snapshot, lost.keyspace);

/** In the order in which they are told; the first that holds is. */
export const unlessKeyspaceRestored: readonly Guard<LostKeyspace>[] = [
  begunAnew,
  silentCells,
  ofOperator,
  unfitShards,
  unknownVSchema,
  unroutable,
  othersLost,
];
