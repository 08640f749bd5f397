import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Draft } from "../draft.js";
import { returnedShard } from "../recipes/returned/inspect.js";
import type { ShardRef } from "../view/shards.js";
import type { StreamGroup } from "../view/streams.js";
import { type CancelSubject, isOrphaned, type Side } from "./subject.js";

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
export const deletes = ({ stages }: Draft, { process, workflow, dbName }: StreamGroup): boolean =>
  stages.some(({ steps }) =>
    steps.some(
      (step) =>
        step.kind === "stream.delete" &&
        step.tablet.alias === process.alias &&
        step.workflow === workflow &&
        step.dbName === dbName,
    ),
  );
