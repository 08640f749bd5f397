import { type ShardReference, type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep, Obstacle } from "../draft.js";
import { type Process, processesOfShard, tabletRef } from "../facts/processes.js";
import { type CellGraph, shardName } from "../facts/topology.js";
import type { TabletRef } from "../fields.js";
import { written } from "../records/record-type.js";
import { srvKeyspace, writeGraph } from "../records/srv-keyspace.js";
import {
  namesOf,
  READ_TYPES,
  readsBack,
  referencesOf,
  sameRoute,
  withoutDisabled,
  withRoute,
} from "./partitions.js";

/** A cell's record, as it is, with the queries allowed that are to be, and with the routes changed too. */
export interface Move {
  readonly keyspace: string;
  readonly cell: string;
  readonly graph: CellGraph;
  readonly before: SrvKeyspace;
  readonly allowed: SrvKeyspace;
  readonly after: SrvKeyspace;
}

/** Back to the shards that take the writes; `stopped` of them serve again. Null: the cell has no record; a text: why it can not be moved so. */
export const moveBack = (
  keyspace: string,
  graph: CellGraph,
  { stopped, reads }: { readonly stopped: readonly string[]; readonly reads: boolean },
): Move | string | null => {
  const { cell, record } = graph;
  if (record === "absent" || record === "unreadable") return null;
  const writing = withoutDisabled(record, TabletType.PRIMARY, stopped);
  const after = reads ? readsBack(writing) : writing;
  if (typeof after === "string") return after;
  const moved = READ_TYPES.filter(
    (type) => !sameRoute(referencesOf(record, type), referencesOf(after, type)),
  );
  const allowed = moved.reduce((one, type) => withRoute(one, type, referencesOf(record, type)), after);
  return { keyspace, cell, graph, before: record, allowed, after };
};

/** The step that allows the queries; none where they are allowed. */
export const allowStep = ({ keyspace, graph, before, allowed }: Move): readonly DraftStep[] =>
  same(allowed, before) ? [] : writeGraph(keyspace, graph, { ...graph, before: graph.bytes, after: allowed });

/** The step that changes the routes, behind it. */
export const routeStep = (snapshot: Snapshot, move: Move): readonly DraftStep[] => {
  const { keyspace, graph, before, allowed, after } = move;
  if (same(after, allowed)) return [];
  const there = same(allowed, before)
    ? { before: graph.bytes, modRevision: graph.modRevision }
    : { before: written(srvKeyspace, allowed), modRevision: null };
  return writeGraph(keyspace, graph, { ...there, after, serving: readersOf(snapshot, move) });
};

const same = (one: SrvKeyspace, other: SrvKeyspace): boolean =>
  written(srvKeyspace, one) === written(srvKeyspace, other);

/** The tablets of one type that reads of a cell will go to in one shard; a vtgate takes those of its own cell. */
interface Readers {
  /** For people: `REPLICA of customer/0 in zone1`. */
  readonly what: string;
  readonly tablets: readonly TabletRef[];
}

/** Of each type and shard that reads are moved to, where a tablet of it is known. */
const readersOf = (snapshot: Snapshot, move: Move): readonly Readers[] =>
  movedTypes(move)
    .flatMap((type) => gained(move, type).map((shard) => ({ type, shard })))
    .map(({ type, shard }) => ({
      what: whatOf(move, type, shard),
      tablets: processesOf(snapshot, move, type, shard).map((process) => tabletRef(snapshot, process)),
    }))
    .filter(({ tablets }) => tablets.length > 0);

/** Reads that work, if only with old rows, would go to nobody. Null: they would not. */
export const nobodyToRead = (snapshot: Snapshot, move: Move): Obstacle | null => {
  for (const type of movedTypes(move)) {
    const lost = without(referencesOf(move.before, type), referencesOf(move.after, type));
    if (!lost.some((shard) => serves(snapshot, processesOf(snapshot, move, type, shard)))) continue;
    const empty = gained(move, type).find((shard) => processesOf(snapshot, move, type, shard).length === 0);
    if (empty !== undefined)
      return {
        reason: `no ${whatOf(move, type, empty)} answers, and the reads that go to ${lost.join(", ")} there still work, if only with old rows`,
        instead: `start a ${whatOf(move, type, empty)}, then scan again`,
      };
  }
  return null;
};

const movedTypes = ({ before, after }: Move) =>
  READ_TYPES.filter((type) => !sameRoute(referencesOf(before, type), referencesOf(after, type)));

const gained = ({ before, after }: Move, type: TabletType): readonly string[] =>
  without(referencesOf(after, type), referencesOf(before, type));

const without = (
  references: readonly ShardReference[],
  others: readonly ShardReference[],
): readonly string[] => namesOf(references).filter((name) => !namesOf(others).includes(name));

const whatOf = ({ keyspace, cell }: Move, type: TabletType, shard: string): string =>
  `${TabletType[type]} of ${shardName({ keyspace, shard })} in ${cell}`;

const processesOf = (
  snapshot: Snapshot,
  { keyspace, cell }: Move,
  type: TabletType,
  shard: string,
): readonly Process[] =>
  processesOfShard(snapshot, keyspace, shard).filter(
    (process) => process.record === "present" && process.cell === cell && process.type === TabletType[type],
  );

const serves = (snapshot: Snapshot, processes: readonly Process[]): boolean =>
  processes.some(
    ({ address }) =>
      snapshot.all("SELECT 1 FROM live_tablet WHERE address = ? AND serving = 1", address).length > 0,
  );
