import { type ShardReference, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Guard, Obstacle } from "../draft.js";
import { baseTables, isPrimary, type Process, probed, processesOfShard } from "../facts/processes.js";
import { type CellGraph, type ShardRecord, shardRecords } from "../facts/topology.js";
import { servingReferences, soundRecord } from "../serving/expected-graph.js";
import { faultOf, namesOf, referencesOf, sameRoute } from "../serving/partitions.js";

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

/** Vitess's rebuild reads the old record first, and fails on one that it can not decode (v24 `go/vt/topotools/rebuild_keyspace.go`). */
export const makeAnew = ({ key, cell }: Pick<CellGraph, "key" | "cell">, keyspace: string): string =>
  `no vtgate can read it either: keep a copy, delete it in the etcd of ${cell} (etcdctl del ${key}), then vtctldclient RebuildKeyspaceGraph --cells ${cell} ${keyspace}`;

export const unreadableRecord: Guard<Routing> = (_, { keyspace, named }) =>
  named
    .filter(({ record }) => record === "unreadable")
    .slice(0, 1)
    .map((graph) => ({
      reason: `${graph.key} can not be decoded`,
      instead: makeAnew(graph, keyspace),
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

/** A change of the shards that take the writes of a keyspace. */
interface WritesMove {
  readonly keyspace: string;
  /** Shards that serve by their Shard records. */
  readonly to: readonly ShardReference[];
  /** The records that route writes elsewhere now. */
  readonly overruled: readonly CellGraph[];
  /** A record of a cell routes writes as the flags say. */
  readonly agreed: boolean;
}

/**
 * What keeps "the shards that serve by their Shard records have the newest data" from being proven; null: it is proven. The flags alone
 * prove nothing: SetShardIsPrimaryServing sets them without a look at the data, and a global etcd from a backup has those of before a switch.
 */
const unprovenFlags = (snapshot: Snapshot, move: WritesMove): Obstacle | null => {
  const { keyspace, to } = move;
  const fact =
    streamsAgainst(snapshot, move) ??
    unheard(snapshot, move) ??
    missingTables(snapshot, move) ??
    olderFlags(snapshot, move);
  return fact === null
    ? null
    : {
        reason: `nothing proves that ${namesOf(to).join(", ")}, which serve by their Shard records, have the newest data of ${keyspace}: ${fact}`,
        instead: `find out which shards have the newest data; let their flags say so (vtctldclient SetShardIsPrimaryServing) and scan again, or, where the flags are right, vtctldclient RebuildKeyspaceGraph ${keyspace}`,
      };
};

const writesOf = ({ record }: CellGraph): readonly ShardReference[] =>
  typeof record === "object" ? referencesOf(record, TabletType.PRIMARY) : [];

const without = (
  references: readonly ShardReference[],
  others: readonly ShardReference[],
): readonly string[] =>
  namesOf(references.filter((one) => !others.some((other) => sameRoute([one], [other]))));

/** Shards that would take writes and do not now, and the other way round. */
const added = ({ to, overruled }: WritesMove): readonly string[] => [
  ...new Set(overruled.flatMap((graph) => without(to, writesOf(graph)))),
];
const left = ({ to, overruled }: WritesMove): readonly string[] => [
  ...new Set(overruled.flatMap((graph) => without(writesOf(graph), to))),
];

interface Stream {
  readonly id: number;
  readonly workflow: string;
  readonly alias: string;
  readonly frozen: number;
  readonly active: number;
  readonly shard: string;
  readonly source: string;
}

/** A shard that a stream still feeds, or that a switch has left, has not the newest data. */
const streamsAgainst = (snapshot: Snapshot, { keyspace, to }: WritesMove): string | null => {
  const serving = namesOf(to);
  const against = snapshot
    .all<Stream>(
      `SELECT id, workflow, alias, frozen, active, shard, source_shard AS source FROM stream
       WHERE keyspace = ? AND source_keyspace = ? AND source_external = '' AND kind = 'Reshard' ORDER BY alias, id`,
      keyspace,
      keyspace,
    )
    .find(({ frozen, active, shard, source }) =>
      frozen === 1 ? serving.includes(source) : active === 1 && serving.includes(shard),
    );
  if (against === undefined) return null;
  const { id, workflow, alias, frozen, shard, source } = against;
  return frozen === 1
    ? `stream ${id} of ${workflow} on ${alias} is FROZEN: writes were switched from ${source} to ${shard}`
    : `stream ${id} of ${workflow} on ${alias} still feeds ${shard} from ${source}`;
};

/** The primaries that would take the writes have to be seen serving, and all of both sides have to say what they have. */
const unheard = (snapshot: Snapshot, move: WritesMove): string | null => {
  for (const shard of added(move)) {
    const primary = primaryOf(snapshot, move.keyspace, shard);
    if (primary === undefined) return `no primary of ${shard} answers`;
    if (!isServing(snapshot, primary)) return `${primary.alias}, the primary of ${shard}, does not serve`;
  }
  for (const shard of [...added(move), ...left(move)]) {
    const primary = primaryOf(snapshot, move.keyspace, shard);
    if (primary === undefined) {
      if (!isGone(snapshot, move.keyspace, shard))
        return `no primary of ${shard}, which takes the writes now, answers`;
      if (!move.agreed) return `${shard}, which takes the writes now, has neither a record nor a tablet`;
    } else
      for (const [channel, what] of [
        ["streams", "streams"],
        ["schema", "tables"],
      ] as const)
        if (!probed(snapshot, primary.address, channel))
          return `${primary.alias}, the primary of ${shard}, did not say which ${what} it has`;
  }
  return null;
};

const missingTables = (snapshot: Snapshot, move: WritesMove): string | null => {
  for (const old of left(move))
    for (const table of tablesOf(snapshot, move.keyspace, old))
      for (const shard of added(move))
        if (!tablesOf(snapshot, move.keyspace, shard).includes(table))
          return `${shard} has no table ${table}, and ${old}, which takes the writes now, has it`;
  return null;
};

/** A revision only tells of the age within one etcd; elsewhere another cell has to say the same as the flags. */
const olderFlags = (snapshot: Snapshot, move: WritesMove): string | null => {
  const records = shardRecords(snapshot, move.keyspace);
  for (const graph of move.overruled) {
    const old = writesOf(graph);
    if (old.length === 0) continue;
    const names = [...without(move.to, old), ...without(old, move.to)];
    for (const flag of records.filter(({ shard }) => names.includes(shard))) {
      if (flag.server !== graph.server) {
        if (!move.agreed)
          return `whether ${flag.key} is younger than ${graph.key} can not be told, as they are in different etcds, and no other cell routes writes so`;
      } else if (flag.revision < graph.modRevision) return ageFact(flag, graph);
    }
  }
  return null;
};

const ageFact = (flag: ShardRecord, graph: CellGraph): string =>
  `${flag.key} (revision ${flag.revision}) is older than ${graph.key} (revision ${graph.modRevision})`;

/** The one that the Shard record names; where there is no record, the only one. */
const primaryOf = (snapshot: Snapshot, keyspace: string, shard: string): Process | undefined => {
  const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
  const primaries = processesOfShard(snapshot, keyspace, shard).filter(isPrimary);
  if (record !== undefined) return primaries.find(({ alias }) => alias === record.primaryAlias);
  return primaries.length === 1 ? primaries[0] : undefined;
};

const isServing = (snapshot: Snapshot, { address }: Process): boolean =>
  snapshot.rows("live_tablet", { address, serving: 1 }).length > 0;

const isGone = (snapshot: Snapshot, keyspace: string, shard: string): boolean =>
  !shardRecords(snapshot, keyspace).some((record) => record.shard === shard) &&
  processesOfShard(snapshot, keyspace, shard).length === 0;

const tablesOf = (snapshot: Snapshot, keyspace: string, shard: string): readonly string[] => {
  const primary = primaryOf(snapshot, keyspace, shard);
  return primary === undefined ? [] : baseTables(snapshot, primary.address, primary.dbName);
};
