import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { type CellGraph, cellGraphs, type ShardRef } from "../facts/topology.js";
import { type Move, moveBack } from "./moves.js";
import { refreshSteps } from "./refresh.js";

/** Rules whose findings are about writes; the others are about reads. */
const WRITES = "writes-served-by-no-shard";
/** The rule whose findings are about reads that work, if only with old rows. */
const OLD_READS = "served-shard-not-fed";

export const isOfWrites = ({ rule }: Finding): boolean => rule === WRITES;

/** Traffic of a keyspace that does not go to the shards that its writes never left. */
export interface Misrouted {
  readonly keyspace: string;
  readonly graphs: readonly CellGraph[];
  /** Shards of it that may not serve. */
  readonly stopped: readonly string[];
  /** `old`: they work, if only with old rows. */
  readonly reads: "right" | "wrong" | "old";
}

export const misrouted = (
  snapshot: Snapshot,
  findings: readonly [Finding, ...(readonly Finding[])],
): Misrouted => {
  const keyspace = findings[0].object.keyspace ?? "";
  const ofReads = findings.filter((finding) => !isOfWrites(finding));
  const reads =
    ofReads.length === 0 ? "right" : ofReads.some(({ rule }) => rule === OLD_READS) ? "old" : "wrong";
  return {
    keyspace,
    graphs: cellGraphs(snapshot, keyspace),
    stopped: findings.filter(isOfWrites).map(({ object }) => object.shard ?? ""),
    reads,
  };
};

/** What brings its traffic back, of each cell that has a record. */
export const movesOf = (broken: Misrouted): readonly Move[] =>
  movesBack(broken).flatMap(({ move }) => (typeof move === "string" ? [] : [move]));

/** Who has to hear that its shard serves again, or that it takes reads over. */
export const toldOf = (
  snapshot: Snapshot,
  { stopped, reads }: Misrouted,
  shard: ShardRef,
): readonly DraftStep[] =>
  refreshSteps(
    snapshot,
    shard,
    ({ type }) => stopped.includes(shard.shard) || (reads !== "right" && type !== "PRIMARY"),
  );

/** Cells whose reads can not be put back, and why. */
export const unmovable = (broken: Misrouted): readonly { readonly cell: string; readonly why: string }[] =>
  movesBack(broken).flatMap(({ cell, move }) => (typeof move === "string" ? [{ cell, why: move }] : []));

const movesBack = ({
  keyspace,
  graphs,
  stopped,
  reads,
}: Misrouted): readonly { readonly cell: string; readonly move: Move | string }[] =>
  graphs.flatMap((graph) => {
    const move = moveBack(keyspace, graph, { stopped, reads: reads !== "right" });
    return move === null ? [] : [{ cell: graph.cell, move }];
  });
