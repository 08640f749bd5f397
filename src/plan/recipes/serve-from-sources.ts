import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Guard } from "../draft.js";
import { type CellGraph, cellGraphs, keyPremise, servingPremises, shardRecords } from "../facts/topology.js";
import { unmovedWrites, workflowInTheWay } from "../guards/moved-traffic.js";
import { type Remedy, repair } from "../repair.js";
import { deleteJournals, journalsOfDeadSwitches } from "../serving/journal-rows.js";
import { allowStep, type Move, moveBack, nobodyToRead, routeStep } from "../serving/moves.js";
import { refreshSteps, silentTablets } from "../serving/refresh.js";

/** Rules whose findings are about writes; the others are about reads. */
const WRITES = "writes-served-by-no-shard";
/** The rule whose findings are about reads that work, if only with old rows. */
const OLD_READS = "served-shard-not-fed";

/** Traffic of a keyspace that does not go to the shards that its writes never left. */
interface Misrouted {
  readonly keyspace: string;
  readonly graphs: readonly CellGraph[];
  /** Shards of it that may not serve. */
  readonly stopped: readonly string[];
  /** `old`: they work, if only with old rows. */
  readonly reads: "right" | "wrong" | "old";
}

/** Of each cell that has a record; a text: why it can not be. */
const movesOf = ({
  keyspace,
  graphs,
  stopped,
  reads,
}: Misrouted): readonly { readonly cell: string; readonly move: Move | string }[] =>
  graphs.flatMap((graph) => {
    const move = moveBack(keyspace, graph, { stopped, reads: reads !== "right" });
    return move === null ? [] : [{ cell: graph.cell, move }];
  });

const unsoundReads: Guard<Misrouted> = (_, broken) =>
  movesOf(broken)
    .filter(({ move }) => typeof move === "string")
    .slice(0, 1)
    .map(({ cell, move }) => ({
      reason: `the reads of cell ${cell} can not be put back: ${String(move)}`,
      instead: `vtctldclient GetSrvKeyspaces ${broken.keyspace}, then SetShardTabletControl and RebuildKeyspaceGraph by hand`,
    }));

/** Reads that work would go to nobody: they are left as they are. */
const nobodyReads: Guard<Misrouted> = (snapshot, broken) =>
  broken.reads !== "old"
    ? []
    : movesOf(broken)
        .flatMap(({ move }) => (typeof move === "string" ? [] : (nobodyToRead(snapshot, move) ?? [])))
        .slice(0, 1);

/**
 * What a cancel of Vitess 22 to 24 leaves behind a switch (docs/vitess.md#cancel-after-a-read-switch, docs/vitess.md#interrupted-switch):
 * reads that go to emptied targets, or a source that may not serve. Traffic goes back to the shards that writes never left, in the order of
 * Vitess's switchShardReads: queries are allowed there, the tablets are told, and only where some serve the routes change. One stage a
 * keyspace, as reads and writes may be broken at once.
 */
export const serveFromSources = repair<Misrouted>({
  name: "serve-from-sources",
  runs: "traffic",
  by: (_, { object }) => object.keyspace ?? "",
  of: (snapshot, findings) => {
    const keyspace = findings[0].object.keyspace ?? "";
    return {
      keyspace,
      graphs: cellGraphs(snapshot, keyspace),
      stopped: findings.flatMap(({ rule, object }) => (rule === WRITES ? [object.shard ?? ""] : [])),
      reads: findings.some(({ rule }) => rule === OLD_READS)
        ? "old"
        : findings.some(({ rule }) => rule !== WRITES)
          ? "wrong"
          : "right",
    };
  },
  unless: [
    workflowInTheWay,
    unmovedWrites,
    unsoundReads,
    (snapshot, broken) => (broken.stopped.length === 0 ? nobodyReads(snapshot, broken) : []),
  ],
  plan: (snapshot, broken, findings) => {
    const unread = nobodyReads(snapshot, broken);
    if (unread.length === 0) return served(snapshot, broken);
    const left = findings.filter(({ rule }) => rule !== WRITES);
    return {
      ...served(snapshot, { ...broken, reads: "right" }),
      partly: {
        repairs: findings.filter(({ rule }) => rule === WRITES).map(({ id }) => id),
        blocked: left.flatMap(({ object, id }) => unread.map((one) => ({ object, finding: id, ...one }))),
      },
    };
  },
});

const served = (snapshot: Snapshot, broken: Misrouted): Remedy => {
  const { keyspace, stopped, reads } = broken;
  const moves = movesOf(broken).flatMap(({ move }) => (typeof move === "string" ? [] : [move]));
  const home = shardRecords(snapshot, keyspace).filter(({ serving }) => serving === 1);
  const journals = stopped.flatMap((shard) => journalsOfDeadSwitches(snapshot, keyspace, shard));
  return {
    title: `Serve ${keyspace} from the shards that its writes never left`,
    locks: [{ kind: "keyspace", keyspace }],
    steps: [
      ...moves.flatMap(allowStep),
      ...home.flatMap(({ shard }) =>
        refreshSteps(
          snapshot,
          keyspace,
          shard,
          ({ type }) => stopped.includes(shard) || (reads !== "right" && type !== "PRIMARY"),
        ),
      ),
      ...moves.flatMap((move) => routeStep(snapshot, move)),
      ...deleteJournals(snapshot, journals),
    ],
    restsOn: [
      ...servingPremises(snapshot, keyspace),
      ...shardRecords(snapshot, keyspace).map(({ server, key }) => keyPremise(snapshot, server, key)),
    ],
    notes: [
      ...home.flatMap(({ shard }) =>
        silentTablets(snapshot, keyspace, shard).map(
          (alias) =>
            `${alias} of ${keyspace}/${shard} did not answer: it reads the records when it is started, or with vtctldclient RefreshState ${alias}`,
        ),
      ),
      ...(stopped.length > 0 && journals.length === 0
        ? [
            `no journal that names ${stopped.map((shard) => `${keyspace}/${shard}`).join(", ")} was seen: nothing is deleted`,
          ]
        : []),
    ],
  };
};
