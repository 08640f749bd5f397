import { type ShardReference, type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import type { TabletRef } from "../refs.js";
import { type Process, processesOfShard, tabletRef } from "../view/processes.js";
import { shardName } from "../view/shards.js";
import { namesOf, READ_TYPES, referencesOf, sameRoute } from "./partitions.js";

/** A change of the shards that reads of one cell go to. */
export interface ReadsMove {
  readonly keyspace: string;
  readonly cell: string;
  readonly before: SrvKeyspace;
  readonly after: SrvKeyspace;
}

/** The tablets of one type that reads of a cell will go to in one shard; a vtgate takes those of its own cell. */
interface Readers {
  /** For people: `REPLICA of customer/0 in zone1`. */
  readonly what: string;
  readonly tablets: readonly TabletRef[];
}

/** Of each type and shard that reads are moved to, where a tablet of it is known. */
export const readersOf = (snapshot: Snapshot, move: ReadsMove): readonly Readers[] =>
  movedTypes(move)
    .flatMap((type) => gained(move, type).map((shard) => ({ type, shard })))
    .map(({ type, shard }) => ({
      what: whatOf(move, type, shard),
      tablets: processesOf(snapshot, move, type, shard).map((process) => tabletRef(snapshot, process)),
    }))
    .filter(({ tablets }) => tablets.length > 0);

/** Reads that work, if only with old rows, would go to nobody. Null: they would not. */
export const nobodyToRead = (snapshot: Snapshot, move: ReadsMove): Obstacle | null => {
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

const movedTypes = ({ before, after }: ReadsMove) =>
  READ_TYPES.filter((type) => !sameRoute(referencesOf(before, type), referencesOf(after, type)));

const gained = ({ before, after }: ReadsMove, type: TabletType): readonly string[] =>
  without(referencesOf(after, type), referencesOf(before, type));

const without = (
  references: readonly ShardReference[],
  others: readonly ShardReference[],
): readonly string[] => namesOf(references).filter((name) => !namesOf(others).includes(name));

const whatOf = ({ keyspace, cell }: ReadsMove, type: TabletType, shard: string): string =>
  `${TabletType[type]} of ${shardName({ keyspace, shard })} in ${cell}`;

const processesOf = (
  snapshot: Snapshot,
  { keyspace, cell }: ReadsMove,
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
