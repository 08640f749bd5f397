import type { Process } from "../view/processes.js";
import type { ShardRecord, ShardRef } from "../view/shards.js";
import type { StreamFact, StreamGroup } from "../view/streams.js";

/** One side's shard of a workflow with what runs for it. */
export interface Side extends ShardRef {
  readonly record: ShardRecord | null;
  readonly processes: readonly Process[];
  readonly primaries: readonly Process[];
}

/** A workflow that is to be cancelled, with everything of it that is still there. */
export interface CancelSubject {
  readonly keyspace: string;
  readonly workflow: string;
  readonly kind: string;
  readonly sourceKeyspace: string;
  readonly streams: readonly StreamFact[];
  readonly targets: readonly Side[];
  readonly sources: readonly Side[];
  /** Further targets, which a cancel that went wrong has left in pieces: they are seen to beside. */
  readonly apart: readonly Side[];
  /** Its own streams, by tablet. */
  readonly groups: readonly StreamGroup[];
  /** Copies of reference-table streams that Reshard made on the targets (docs/vitess.md#reference-copies). */
  readonly references: readonly StreamGroup[];
  /** `<workflow>_reverse` on the sources. */
  readonly reverse: readonly StreamGroup[];
}

export const isOrphaned = (side: Side): boolean =>
  side.record === null && side.processes.some((process) => process.shardRecord === "absent");
