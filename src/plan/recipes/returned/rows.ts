import type { StreamGroup } from "../../view/streams.js";
import type { Returned } from "./inspect.js";

/** Old rows that no engine has and that SQL can reach, where the shard has no primary. */
export const clearableRows = (shard: Returned): readonly StreamGroup[] =>
  shard.old.filter(({ process }) => process.readOnly !== 1);

export const unreachableRows = (shard: Returned): readonly StreamGroup[] =>
  shard.primaries.length > 0 ? [] : shard.old.filter(({ process }) => process.readOnly === 1);
