import { type Guard, gone } from "../draft.js";
import { type CellLeftovers, cellLeftovers } from "../facts/cell-leftovers.js";
import { keyPremise } from "../facts/topology.js";
import { repair } from "../repair.js";

const inhabited: Guard<CellLeftovers> = (_, { name, tablets }) =>
  tablets.length === 0
    ? []
    : [
        {
          reason: `${tablets.join(", ")} of ${name} ${tablets.length === 1 ? "is" : "are"} recorded or running, so it may be its own record that is missing`,
          instead: "look at what is found of these tablets first",
        },
      ];

/**
 * SrvKeyspace and ShardReplication of a keyspace or a shard that is gone, as DeleteOrphanedKeyspaceFiles deletes them (topo/keyspace.go of
 * Vitess 24; docs/vitess.md#directories). No lock: a keyspace without a record has none.
 */
export const orphanGraph = repair<CellLeftovers>({
  name: "orphan-graph",
  runs: "serving graph",
  of: (snapshot, [{ object }]) => {
    const { cell = "", keyspace = "", shard = "" } = object;
    return (
      cellLeftovers(snapshot, { cell, keyspace, shard }) ??
      gone(`cell ${cell} has nothing of ${keyspace} ${shard} that belongs to nobody any more`)
    );
  },
  unless: [inhabited],
  plan: (snapshot, { name, cell, owner, records }) => ({
    title: `Delete what cell ${cell} still has of ${name}`,
    locks: [],
    steps: records.map((at) => ({ kind: "record.write" as const, ...at, after: null })),
    restsOn: [keyPremise(snapshot, owner.server, owner.key)],
  }),
});
