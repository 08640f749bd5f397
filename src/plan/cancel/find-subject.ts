import type { Snapshot } from "../../snapshot/snapshot.js";
import { isPrimary, type Process, processAt, processesOfShard } from "../view/processes.js";
import { shardRecords } from "../view/shards.js";
import {
  groupStreams,
  type StreamFact,
  type StreamGroup,
  streamsAt,
  streamsOfWorkflow,
} from "../view/streams.js";
import type { CancelSubject, Side } from "./types/cancel-type.js";
import { cancelType } from "./types/index.js";

/** Null where no stream of that name is left in the keyspace. */
export const cancelSubject = (
  snapshot: Snapshot,
  keyspace: string,
  workflow: string,
): CancelSubject | null => {
  const streams = streamsOfWorkflow(snapshot, keyspace, workflow).filter(
    (stream) => processAt(snapshot, stream.address) !== null,
  );
  const [first] = streams;
  if (first === undefined) return null;
  const targets = sides(snapshot, keyspace, [...new Set(streams.map((stream) => stream.shard))]);
  const sources = sides(snapshot, first.sourceKeyspace, [
    ...new Set(streams.map((stream) => stream.sourceShard)),
  ]);
  return {
    keyspace,
    workflow,
    kind: first.kind,
    sourceKeyspace: first.sourceKeyspace,
    streams,
    targets,
    sources,
    apart: [],
    groups: groupsOf(snapshot, streams),
    references:
      cancelType(first.kind)?.copies(snapshot, primariesOf(targets), primariesOf(sources), workflow) ?? [],
    reverse: reverseStreams(snapshot, sources, keyspace, workflow),
  };
};

const primariesOf = (sides: readonly Side[]): readonly Process[] => sides.flatMap((side) => side.primaries);

const sides = (snapshot: Snapshot, keyspace: string, shards: readonly string[]): readonly Side[] => {
  const records = shardRecords(snapshot, keyspace);
  return [...shards].sort().map((shard) => {
    const processes = processesOfShard(snapshot, keyspace, shard);
    return {
      keyspace,
      shard,
      record: records.find((record) => record.shard === shard) ?? null,
      processes,
      primaries: processes.filter(isPrimary),
    };
  });
};

const groupsOf = (snapshot: Snapshot, streams: readonly StreamFact[]): readonly StreamGroup[] =>
  [...new Set(streams.map((stream) => stream.address))].flatMap((address) => {
    const process = processAt(snapshot, address);
    const own = streams.filter((stream) => stream.address === address);
    return process === null ? [] : groupStreams(process, own);
  });

const reverseStreams = (
  snapshot: Snapshot,
  sources: readonly Side[],
  keyspace: string,
  workflow: string,
): readonly StreamGroup[] =>
  sources
    .flatMap((side) => side.primaries)
    .flatMap((primary) => groupStreams(primary, streamsAt(snapshot, primary.address)))
    .filter(
      (group) =>
        group.workflow === `${workflow}_reverse` &&
        group.streams.every((stream) => stream.sourceKeyspace === keyspace),
    );
