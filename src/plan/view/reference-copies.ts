import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Process } from "./processes.js";
import { groupStreams, type StreamGroup, streamsAt } from "./streams.js";

/**
 * Streams that Reshard `workflow` copied to the primaries of its targets: the same workflow name runs on a source shard, under the same
 * database (docs/vitess.md#reference-copies).
 */
export const referenceCopies = (
  snapshot: Snapshot,
  targets: readonly Process[],
  sources: readonly Process[],
  workflow: string,
): readonly StreamGroup[] => {
  const onSources = new Set(
    sources
      .flatMap((primary) => streamsAt(snapshot, primary.address))
      .map((stream) => JSON.stringify([stream.workflow, stream.dbName, stream.sourceKeyspace])),
  );
  return targets
    .flatMap((primary) => groupStreams(primary, streamsAt(snapshot, primary.address)))
    .filter(
      (group) =>
        group.workflow !== workflow &&
        group.streams.every((stream) =>
          onSources.has(JSON.stringify([stream.workflow, stream.dbName, stream.sourceKeyspace])),
        ),
    );
};
