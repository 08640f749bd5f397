import { keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import type { Facts } from "../facts.js";
import type {
  CancelledTargetRow,
  DeletionRow,
  ProcessRow,
  ShardRow,
  StreamRow,
  WorkflowRow,
} from "../gen/tables.js";
import { CLOCK_SKEW_S } from "./operation-limits.js";
import { groupBy } from "./order.js";

interface Known {
  readonly workflow: readonly WorkflowRow[];
  readonly stream: readonly StreamRow[];
  readonly deletion: readonly DeletionRow[];
  readonly shard: readonly ShardRow[];
  readonly process: readonly ProcessRow[];
}

/** A Reshard with the streams that are left of it, by target shard. */
interface Reshard {
  readonly keyspace: string;
  readonly workflow: string;
  readonly sourceShards: readonly string[];
  readonly streams: ReadonlyMap<string, readonly StreamRow[]>;
}

/** `close`: before, by clocks of two hosts that may differ by more than that. */
type Age = "before" | "close" | "after" | "unknown";

/**
 * What a cancel that drops shards (docs/vitess.md#v19-cancel) has made of each target of a Reshard that still has streams. Its goroutines
 * drop the shards side by side and nothing rolls back, so one that died or failed leaves targets in pieces.
 */
export const deriveCancelledTargets = (facts: Facts, known: Known): readonly CancelledTargetRow[] => {
  const drops = groupBy(lastDrops(known.deletion), ({ keyspace }) => keyspace);
  if (drops.size === 0) return [];
  const ageOf = ages(facts);
  const records = new Set(known.shard.map(nameOf));
  const running = new Set(known.process.filter(({ same_cluster }) => same_cluster === 1).map(nameOf));
  const fateOf = (shard: string): string =>
    records.has(shard) ? "returned" : running.has(shard) ? "dropped" : "silent";
  return reshards(known).flatMap((reshard) => {
    const { keyspace, workflow } = reshard;
    const own = (drops.get(keyspace) ?? []).filter((drop) => belongs(drop, reshard, ageOf));
    const all = [...reshard.streams.values()].flat();
    const unsure = Number(own.some((drop) => all.some((stream) => ageOf(stream, drop) === "close")));
    const rows = own.map((drop): CancelledTargetRow => {
      const { shard, deleted_revision } = drop;
      return { keyspace, workflow, shard, fate: fateOf(nameOf(drop)), deleted_revision, unsure };
    });
    const kept = [...reshard.streams]
      .filter(([shard, streams]) => {
        const older = own.some((drop) => streams.every((stream) => ageOf(stream, drop) !== "after"));
        return older && records.has(nameOf({ keyspace, shard })) && !own.some((drop) => drop.shard === shard);
      })
      .map(
        ([shard]): CancelledTargetRow => ({
          keyspace,
          workflow,
          shard,
          fate: "kept",
          deleted_revision: null,
          unsure,
        }),
      );
    return [...rows, ...kept].sort((one, other) => (one.shard < other.shard ? -1 : 1));
  });
};

const nameOf = ({ keyspace, shard }: { readonly keyspace: string; readonly shard: string }): string =>
  `${keyspace}/${shard}`;

/** Shards whose last deletion was a cancel's. */
const lastDrops = (deletions: readonly DeletionRow[]): readonly DeletionRow[] => {
  const last = new Map<string, DeletionRow>();
  for (const row of deletions) {
    const seen = last.get(nameOf(row));
    if (row.kind === "shard" && (seen === undefined || seen.deleted_revision < row.deleted_revision))
      last.set(nameOf(row), row);
  }
  return [...last.values()].filter(({ operation }) => operation === "cancel");
};

const reshards = ({ workflow, stream }: Known): readonly Reshard[] => {
  const streams = groupBy(stream, (row) => JSON.stringify([row.keyspace, row.workflow]));
  return workflow
    .filter(({ migration, is_reverse }) => migration === "shards" && is_reverse === 0)
    .map((row) => ({
      keyspace: row.keyspace,
      workflow: row.workflow,
      sourceShards: JSON.parse(row.source_shards_json) as readonly string[],
      streams: groupBy(streams.get(JSON.stringify([row.keyspace, row.workflow])) ?? [], ({ shard }) => shard),
    }));
};

/**
 * By `_vt.vreplication_log` and the time of the lock, both in whole seconds: in the same one the stream is the older. MySQL's host wrote
 * the one and vtctld's the other.
 */
const ages = (facts: Facts): ((stream: StreamRow, drop: DeletionRow) => Age) => {
  const created = new Map(
    facts.vreplication
      .filter(({ created_at }) => created_at !== null)
      .map(({ address, id, created_at }) => [`${address} ${id}`, created_at]),
  );
  return ({ address, id }, { lock_taken_at }) => {
    const at = created.get(`${address} ${id}`) ?? null;
    if (at === null || lock_taken_at === null) return "unknown";
    if (at > lock_taken_at) return "after";
    return lock_taken_at - at < CLOCK_SKEW_S ? "close" : "before";
  };
};

/**
 * Whose target a dropped shard was: its own streams say it, or the named lock, or that it fills a hole which the workflow's other targets
 * leave in its sources' range. A workflow made since then is another one of the same name.
 */
const belongs = (
  drop: DeletionRow,
  { workflow, sourceShards, streams }: Reshard,
  ageOf: (stream: StreamRow, drop: DeletionRow) => Age,
): boolean => {
  const there = streams.get(drop.shard);
  const isOlder = (stream: StreamRow): boolean => ["before", "close"].includes(ageOf(stream, drop));
  if (there !== undefined) return drop.recreated === 0 || there.some(isOlder);
  if (![...streams.values()].flat().some(isOlder)) return false;
  if (drop.workflow !== null && drop.workflow !== "") return drop.workflow === workflow;
  return (
    sourceShards.some((shard) => meet(shard, drop.shard)) &&
    ![...streams.keys()].some((shard) => meet(shard, drop.shard))
  );
};

const meet = (one: string, other: string): boolean => {
  const [a, b] = [keyRangeOfShard(one), keyRangeOfShard(other)];
  return a === null || b === null || overlaps(a, b);
};
