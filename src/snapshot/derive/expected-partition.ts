import type { CellRow, ExpectedPartitionRow, ShardRow } from "../gen/tables.js";

/** Types that RebuildKeyspaceGraph writes a partition for (go/vt/topotools/rebuild_keyspace.go v19 to v24). */
const SERVED_TYPES = ["PRIMARY", "REPLICA", "RDONLY"];

/**
 * What a rebuild of the serving graph would write in every cell (docs/vitess.md#srvkeyspace). During a Reshard the graph rightly
 * differs from it: what a workflow explains is for the rules to say.
 */
export const expectedPartitions = (
  cells: readonly CellRow[],
  shards: readonly ShardRow[],
): readonly ExpectedPartitionRow[] =>
  shards
    .filter(({ is_primary_serving }) => is_primary_serving === 1)
    .flatMap(({ keyspace, shard }) =>
      cells.flatMap(({ cell }) =>
        SERVED_TYPES.map((tablet_type) => ({ cell, keyspace, tablet_type, shard })),
      ),
    );
