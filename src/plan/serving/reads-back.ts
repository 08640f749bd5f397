import { overlaps } from "../../cluster/key-range.js";
import { type ShardReference, type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import {
  faultOf,
  namesOf,
  READ_TYPES,
  rangeOf,
  referencesOf,
  withoutDisabled,
  withRoute,
} from "./partitions.js";

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
