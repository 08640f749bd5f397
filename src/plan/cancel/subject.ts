import { RefusedError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Draft, EMPTY_DRAFT, joinDrafts, type Named, refusal, type ShardRequest } from "../draft.js";
import { returnedShard } from "../dropped/returned.js";
import { endStreams } from "../end-streams.js";
import { isPrimary, type Process, processAt, processesOfShard } from "../facts/processes.js";
import {
  groupsOf,
  groupsOn,
  type StreamGroup,
  streamPremises,
  streamsOfWorkflow,
} from "../facts/stream-facts.js";
import { type ShardRef, shardRecords } from "../facts/topology.js";
import { orphanShard } from "../recipes/orphan-shard.js";
import { returnedShards } from "../recipes/returned-shard.js";
import { reverseRunning } from "./switched.js";
import { cancelType } from "./types/cancel-registry.js";
import { type CancelSubject, isOrphaned, type Side } from "./types/cancel-type.js";

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

const reverseStreams = (
  snapshot: Snapshot,
  sources: readonly Side[],
  keyspace: string,
  workflow: string,
): readonly StreamGroup[] =>
  sources
    .flatMap((side) => side.primaries)
    .flatMap((primary) => groupsOn(snapshot, primary))
    .filter(
      (group) =>
        group.workflow === `${workflow}_reverse` &&
        group.streams.every((stream) => stream.sourceKeyspace === keyspace),
    );

/** The rest of a half-done cancel: what it dropped is repaired as an orphan, what came back is cleared. */
export const brokenParts = (
  snapshot: Snapshot,
  subject: CancelSubject,
  { intact, dropped, returned }: Parts,
  asked: ShardRequest,
): Draft => {
  const shards = joinDrafts([
    ...orphanShard.drafts(snapshot, dropped.map(named), asked),
    // Whoever ends the workflow wants its streams gone from what came back, whoever had dropped it.
    ...returnedShards.drafts(snapshot, returned.map(named), {
      ...asked,
      orphans: asked.orphans ?? "restore",
    }),
  ]);
  return intact.length > 0 ? shards : joinDrafts([shards, reverseRest(snapshot, subject, shards)]);
};

/** A shard that no finding names. */
export const named = ({ keyspace, shard }: ShardRef): Named => ({ object: { keyspace, shard }, id: null });

/** Reverse streams that read from targets of both kinds, where no intact target's cancel takes them along. */
const reverseRest = (snapshot: Snapshot, subject: CancelSubject, shards: Draft): Draft => {
  const running = reverseRunning(snapshot, subject);
  const left = subject.reverse.filter((group) => !deletes(shards, group));
  if (left.length === 0 || shards.stages.length === 0) return EMPTY_DRAFT;
  const { keyspace, workflow } = subject;
  if (running.length > 0) return refusal({ object: { keyspace, workflow }, finding: null }, running);
  return {
    ...EMPTY_DRAFT,
    stages: [
      endStreams(snapshot, {
        title: `Stop and delete the reverse streams of ${keyspace}.${workflow}`,
        shards: [],
        groups: [],
        reverse: left,
      }),
    ],
    premises: streamPremises(snapshot, left),
  };
};

/** Nothing is dropped from the intact targets unless the streams of the broken ones can be stopped too. */
export const refuseBroken = (name: string, broken: Draft, parts: Parts): void => {
  const running = broken.blocked.filter(({ object }) =>
    parts.dropped.some(({ keyspace, shard }) => object.keyspace === keyspace && object.shard === shard),
  );
  const [first] = broken.stages.length > 0 ? running : broken.blocked;
  if (first !== undefined)
    throw new RefusedError(`${name} can not be cancelled: ${first.reason}. Instead: ${first.instead}`);
};

/** The targets of a workflow by what a cancel that went wrong has left of them. */
export interface Parts {
  /** As the workflow made them. */
  readonly intact: readonly Side[];
  /** Without records; their processes run. */
  readonly dropped: readonly Side[];
  /** Dropped, and brought back by a vttablet that was restarted. */
  readonly returned: readonly Side[];
}

export const partsOf = (snapshot: Snapshot, subject: CancelSubject): Parts => {
  const dropped = subject.targets.filter(isOrphaned);
  const returned = subject.targets.filter((side) => !dropped.includes(side) && cameBack(snapshot, side));
  return {
    intact: subject.targets.filter((side) => !dropped.includes(side) && !returned.includes(side)),
    dropped,
    returned,
  };
};

/** Made anew after its deletion, and not whole again: no primary, one without a record, or streams from before. */
const cameBack = (snapshot: Snapshot, side: Side): boolean => {
  const { deletion, old } = returnedShard(snapshot, side);
  if (side.record === null || deletion === null || deletion.deletedRevision > side.record.createRevision)
    return false;
  const [primary] = side.primaries;
  return primary === undefined || primary.record === "absent" || old.length > 0;
};

/** What is left of the workflow where its targets are as they were; reverse streams that `broken` deletes are not its. */
export const intactPart = (
  subject: CancelSubject,
  { intact, dropped, returned }: Parts,
  broken: Draft,
): CancelSubject => {
  const here = ({ keyspace, shard }: ShardRef): boolean =>
    intact.some((side) => side.keyspace === keyspace && side.shard === shard);
  return {
    ...subject,
    targets: intact,
    apart: [...dropped, ...returned],
    streams: subject.streams.filter(here),
    groups: subject.groups.filter(({ process }) => here(process)),
    references: subject.references.filter(({ process }) => here(process)),
    reverse: subject.reverse.filter((group) => !deletes(broken, group)),
  };
};

/** Whether the draft deletes these streams already. */
const deletes = ({ stages }: Draft, { process, workflow, dbName }: StreamGroup): boolean =>
  stages.some(({ steps }) =>
    steps.some(
      (step) =>
        step.kind === "stream.delete" &&
        step.tablet.alias === process.alias &&
        step.workflow === workflow &&
        step.dbName === dbName,
    ),
  );
