import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Guard, Obstacle } from "../draft.js";
import type { OrphanShard } from "../view/dropped-shard.js";
import { type Process, probed } from "../view/processes.js";

type Processes = Pick<OrphanShard, "processes">;

/** Streams of the primaries' engines that are not known, or not understood. */
export const unknownStreams: Guard<OrphanShard> = (snapshot, shard) =>
  shard.primaries.flatMap((primary) => streamsOfEngine(snapshot, shard, primary));

/** The same of every tablet's: where none is PRIMARY, each has the rows in its MySQL. */
export const unknownRows: Guard<Processes> = (snapshot, shard) =>
  shard.processes.flatMap((process) => streamsOfEngine(snapshot, shard, process));

/** Whether all of the engine's streams are known and understood. */
export const streamsOfEngine = (
  snapshot: Snapshot,
  shard: Processes,
  primary: Process,
): readonly Obstacle[] => [
  ...(probed(snapshot, primary.address, "streams")
    ? []
    : [
        {
          reason: `${primary.alias} did not say which streams it has`,
          instead: "make it answer (see the scan's coverage), then plan again",
        },
      ]),
  ...unreadable(snapshot, shard),
];

const unreadable = (snapshot: Snapshot, shard: Processes): readonly Obstacle[] =>
  shard.processes.flatMap((process) =>
    snapshot.rows("unparsable_source", { address: process.address }).map(({ id, workflow }) => ({
      reason: `the source of stream ${id} of ${workflow} on ${process.alias} can not be read, so nothing may rest on it`,
      instead: "look at the row in `_vt.vreplication` and delete it through the tablet by hand",
    })),
  );
