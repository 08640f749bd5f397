import { keyRangeOfBytes, keyRangeOfShard, sameKeyRange } from "../../cluster/key-range.js";
import type { KeyRange } from "../../proto/gen/topodata_pb.js";
import type { RangeMismatchRow, TopoKeyRow } from "../gen/tables.js";

/** A record without a range says nothing of it; a name that Vitess refuses promises none. */
export const rangeMismatch = (
  of: Pick<RangeMismatchRow, "record" | "keyspace" | "shard" | "alias">,
  { key, mod_revision }: TopoKeyRow,
  record: KeyRange | undefined,
): readonly RangeMismatchRow[] => {
  const named = keyRangeOfShard(of.shard);
  if (record === undefined || named === null) return [];
  const recorded = keyRangeOfBytes(record);
  return sameKeyRange(recorded, named)
    ? []
    : [{ ...of, recorded: textOf(recorded), named: textOf(named), key, revision: mod_revision }];
};

const textOf = ({ start, end }: { readonly start: string; readonly end: string }): string =>
  `${start}-${end}`;
