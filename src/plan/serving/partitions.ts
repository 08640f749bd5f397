import { create } from "@bufbuild/protobuf";
import {
  gaps,
  type KeyRange,
  keyRangeOfBytes,
  orderKeyRanges,
  overlaps,
  sameKeyRange,
} from "../../cluster/key-range.js";
import {
  type SrvKeyspace_KeyspacePartition as Partition,
  SrvKeyspace_KeyspacePartitionSchema as PartitionSchema,
  type ShardReference,
  type SrvKeyspace,
  TabletType,
} from "../../proto/gen/topodata_pb.js";

/** The types that a rebuild of the serving graph writes, in its order (topotools/rebuild_keyspace.go v19 to v24). */
export const SERVED_TYPES = [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY] as const;
export const READ_TYPES = [TabletType.REPLICA, TabletType.RDONLY] as const;

export const referencesOf = (record: SrvKeyspace, type: TabletType): readonly ShardReference[] =>
  record.partitions
    .filter(({ servedType }) => servedType === type)
    .flatMap(({ shardReferences }) => shardReferences);

const rangeOf = (reference: ShardReference): KeyRange => keyRangeOfBytes(reference.keyRange);

export const namesOf = (references: readonly ShardReference[]): readonly string[] =>
  references.map(({ name }) => name);

/** The same shards with the same ranges, in whatever order. */
export const sameRoute = (one: readonly ShardReference[], other: readonly ShardReference[]): boolean =>
  one.length === other.length &&
  one.every((reference) =>
    other.some(
      ({ name, keyRange }) =>
        name === reference.name && sameKeyRange(keyRangeOfBytes(keyRange), rangeOf(reference)),
    ),
  );

/** Why Vitess would refuse such a partition (topo/srv_keyspace.go OrderAndCheckPartitions); null: it is sound. */
export const faultOf = (references: readonly ShardReference[]): string | null => {
  if (references.length === 0) return "no shard serves";
  const custom = references.every(({ keyRange }) => keyRange === undefined);
  if (custom) return null;
  const ranges = references.map(rangeOf);
  const [gap] = gaps(ranges);
  if (gap !== undefined) return `no shard serves ${gap.start}-${gap.end}`;
  const twice = references.find((one, at) =>
    references.slice(at + 1).some((other) => overlaps(rangeOf(one), rangeOf(other))),
  );
  return twice === undefined ? null : `shard ${twice.name} overlaps another one that serves`;
};

export const inOrder = (references: readonly ShardReference[]): ShardReference[] =>
  references.toSorted((a, b) => orderKeyRanges(rangeOf(a), rangeOf(b)));

/** The record with other shards for one type; everything else of it, known and unknown, stays (docs/decisions.md#d4). */
export const withRoute = (
  record: SrvKeyspace,
  type: TabletType,
  references: readonly ShardReference[],
): SrvKeyspace =>
  withPartition(record, type, (partition) => ({ ...partition, shardReferences: inOrder(references) }));

/** The record with the queries of these shards allowed again, as `SetShardTabletControl --disable-query-service=false` leaves it. */
export const withoutDisabled = (
  record: SrvKeyspace,
  type: TabletType,
  shards: readonly string[],
): SrvKeyspace =>
  record.partitions.some(({ servedType }) => servedType === type)
    ? withPartition(record, type, (partition) => ({
        ...partition,
        shardTabletControls: partition.shardTabletControls.map((control) =>
          shards.includes(control.name) ? { ...control, queryServiceDisabled: false } : control,
        ),
      }))
    : record;

const withPartition = (
  record: SrvKeyspace,
  type: TabletType,
  change: (partition: Partition) => Partition,
): SrvKeyspace => {
  const known = record.partitions.some(({ servedType }) => servedType === type);
  const partitions = known
    ? record.partitions
    : [...record.partitions, create(PartitionSchema, { servedType: type })];
  return {
    ...record,
    partitions: partitions.map((partition) =>
      partition.servedType === type ? change(partition) : partition,
    ),
  };
};

/** Shards whose queries of one type are disabled. */
export const disabledIn = (record: SrvKeyspace, type: TabletType): readonly string[] =>
  record.partitions
    .filter(({ servedType }) => servedType === type)
    .flatMap(({ shardTabletControls }) => shardTabletControls)
    .filter(({ queryServiceDisabled }) => queryServiceDisabled)
    .map(({ name }) => name);

/** Whether the new record only routes reads that went nowhere, or is the first: no route and no control that there is differs. */
export const onlyAdds = (before: SrvKeyspace, after: SrvKeyspace): boolean =>
  before.partitions.length === 0 ||
  SERVED_TYPES.every((type) => {
    const old = referencesOf(before, type);
    const same = sameRoute(old, referencesOf(after, type));
    const filled = old.length === 0 && type !== TabletType.PRIMARY;
    return (same || filled) && disabledIn(before, type).join() === disabledIn(after, type).join();
  });

/**
 * The record with the reads on the shards that have the writes: each shard that only reads go to gives its range back, and the shards that
 * take over may serve these reads again. A text: why such a record would be unsound.
 */
export const readsBack = (record: SrvKeyspace): SrvKeyspace | string => {
  let changed = record;
  const home = referencesOf(record, TabletType.PRIMARY);
  for (const type of READ_TYPES) {
    const references = referencesOf(record, type);
    const away = references.filter(({ name }) => !namesOf(home).includes(name));
    if (away.length === 0) continue;
    const back = home.filter((one) => away.some((other) => overlaps(rangeOf(one), rangeOf(other))));
    const wanted = union(
      references.filter((one) => !away.includes(one)),
      back,
    );
    const fault = faultOf(wanted);
    if (fault !== null) return `${TabletType[type]}: ${fault}`;
    changed = withoutDisabled(withRoute(changed, type, wanted), type, namesOf(back));
  }
  return changed;
};

const union = (
  one: readonly ShardReference[],
  other: readonly ShardReference[],
): readonly ShardReference[] => [...one, ...other.filter(({ name }) => !namesOf(one).includes(name))];
