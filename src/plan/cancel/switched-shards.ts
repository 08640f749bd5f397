import type { SrvPartitionRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardName } from "../view/shards.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";
import { SWITCH_BACK_READS, SWITCH_BACK_WRITES } from "./switch-words.js";

/** What says that a Reshard's traffic is on its targets, or off its sources. */
export const shardsSwitched = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => [
  ...shardFlags(subject),
  ...partitions(snapshot, subject),
  ...disabled(snapshot, subject),
];

const shardFlags = (subject: CancelSubject): readonly Refusal[] => [
  ...subject.targets
    .filter((side) => side.record?.serving === 1)
    .map((side) => ({
      fact: `target ${shardName(side)} serves writes (${side.record?.key}, revision ${side.record?.revision})`,
      instead: SWITCH_BACK_WRITES,
    })),
  ...subject.sources
    .filter((side) => side.record?.serving !== 1)
    .map((side) => ({
      fact: `source ${shardName(side)} does not serve writes${side.record === null ? ": it has no record" : ` (${side.record.key}, revision ${side.record.revision})`}`,
      instead: SWITCH_BACK_WRITES,
    })),
];

const partitions = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const listings = snapshot.rows("srv_partition", { keyspace: subject.keyspace });
  const targets = new Set(subject.targets.map((side) => side.shard));
  const partitionOf = (one: SrvPartitionRow): string => `${one.cell} ${one.tablet_type}`;
  const onTargets = new Set(listings.filter((one) => targets.has(one.shard)).map(partitionOf));
  const others = new Map(
    listings.filter((one) => !onTargets.has(partitionOf(one))).map((one) => [partitionOf(one), one]),
  );
  return [
    ...listings
      .filter((one) => targets.has(one.shard))
      .map((one) => ({
        fact: `${one.tablet_type} queries of cell ${one.cell} go to target ${subject.keyspace}/${one.shard} (${one.key}, revision ${one.revision})`,
        instead: one.tablet_type === "PRIMARY" ? SWITCH_BACK_WRITES : SWITCH_BACK_READS,
      })),
    ...[...others.values()].flatMap((partition) =>
      subject.sources
        .filter(
          (side) =>
            !listings.some(
              (one) =>
                one.cell === partition.cell &&
                one.tablet_type === partition.tablet_type &&
                one.shard === side.shard,
            ),
        )
        .map((side) => ({
          fact: `${partition.tablet_type} queries of cell ${partition.cell} do not go to source ${shardName(side)} (${partition.key}, revision ${partition.revision})`,
          instead: partition.tablet_type === "PRIMARY" ? SWITCH_BACK_WRITES : SWITCH_BACK_READS,
        })),
    ),
  ];
};

/**
 * A cutover that died leaves the source disabled; after a cancel no workflow would be left to repair it by
 * (docs/vitess.md#interrupted-switch).
 */
const disabled = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const sources = new Set(subject.sources.map((side) => side.shard));
  return snapshot
    .rows("srv_control", { keyspace: subject.keyspace, query_service_disabled: 1 })
    .filter((one) => sources.has(one.shard))
    .map((one) => ({
      fact: `${one.tablet_type} queries of source ${subject.keyspace}/${one.shard} are disabled in cell ${one.cell} (${one.key}, revision ${one.revision})`,
      instead: `vtctldclient SetShardTabletControl --disable-query-service=false ${subject.keyspace}/${one.shard} ${one.tablet_type.toLowerCase()} and RefreshStateByShard, then cancel`,
    }));
};
