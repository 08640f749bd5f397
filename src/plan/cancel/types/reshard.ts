import type { Snapshot } from "../../../snapshot/snapshot.js";
import { shardRoutingRulesKey } from "../../../topology/paths.js";
import {
  type Draft,
  type DraftStage,
  type DraftStep,
  EMPTY_DRAFT,
  type Guard,
  obstaclesTo,
  type Stopping,
} from "../../draft.js";
import { removalNotes, removalPremises, removalStages } from "../../dropped/removal.js";
import {
  type AskedReturned,
  notProvenEnded,
  otherProcesses,
  readingWorkflows,
} from "../../dropped/returned-obstacles.js";
import { droppedShard } from "../../facts/dropped-shard.js";
import { tabletRef } from "../../facts/processes.js";
import { referenceCopies } from "../../facts/stream-facts.js";
import {
  cellGraphs,
  globalRoot,
  keyPremise,
  keyspaceLocks,
  servingPremises,
  shardName,
  shardNames,
} from "../../facts/topology.js";
import { aliasClash, ownedByOperator, unknownRows } from "../../guards/dropped-shards.js";
import { editRecord } from "../../records/record-type.js";
import { srvKeyspace, withoutControls } from "../../records/srv-keyspace.js";
import { refusalOf } from "../switched.js";
import { type CancelSubject, type CancelType, NO_RECORDS } from "./cancel-type.js";

/** Whole shards: their flags and every cell's partitions say whose traffic it is. */
export const reshard: CancelType = {
  forbidding: refusalOf,
  namesTables: false,
  restsOn: (snapshot, { keyspace }) => servingPremises(snapshot, keyspace),
  couldTarget: ({ serving }) => serving === 0,
  readsItsTable: () => true,
  copies: referenceCopies,
  records: () => NO_RECORDS,
  keepsData: false,
  retirement: {
    refusals: (snapshot, subject, stopping) =>
      targetsOf(snapshot, subject, stopping).flatMap((target) =>
        obstaclesTo(UNLESS_RETIRED, snapshot, target),
      ),
    draft: retireTargets,
  },
};

/** A target, with the workflows whose streams the cancel ends. */
interface Target extends AskedReturned {
  readonly ending: readonly string[];
  /** `keyspace.workflow` of the streams that read from it and end, too. */
  readonly endingReaders: readonly string[];
}

/**
 * The target shards of a cancelled Reshard leave (docs/decisions.md#d16): the cancel has ended their streams; now their vttablets end, then
 * their records go, and what SrvKeyspace still says of them.
 */
function retireTargets(
  snapshot: Snapshot,
  subject: CancelSubject,
  { stopping, purge }: { readonly stopping: Stopping; readonly purge: boolean },
): Draft {
  const targets = targetsOf(snapshot, subject, stopping);
  const { server, root } = globalRoot(snapshot);
  return {
    ...EMPTY_DRAFT,
    stages: [
      ...targets.flatMap((target) =>
        removalStages(snapshot, target).map((stage) => guarded(snapshot, target, stage)),
      ),
      {
        title: `Take what SrvKeyspace still says of ${shardNames(targets)} away`,
        locks: keyspaceLocks(snapshot, [subject.keyspace]),
        steps: controlSteps(snapshot, subject.keyspace, targets),
      },
    ],
    premises: [
      ...targets.flatMap((target) => removalPremises(snapshot, target)),
      keyPremise(snapshot, server, shardRoutingRulesKey(root)),
    ],
    notes: targets.flatMap((target) => [wayBackNote(target, purge), ...removalNotes(snapshot, target)]),
  };
}

/** The cancel gives its locks back before the first vttablet ends: a new workflow may come in between. */
const guarded = (snapshot: Snapshot, { primaries }: Target, stage: DraftStage): DraftStage => {
  const [primary] = primaries;
  if (primary === undefined) return stage;
  const idle = tabletRef(snapshot, primary);
  const ends = (step: DraftStep): boolean =>
    step.kind === "tablet.stop" || (step.kind === "record.remove" && step.runs !== undefined);
  return {
    ...stage,
    steps: stage.steps.map((step) => (ends(step) ? ({ ...step, idle } as DraftStep) : step)),
  };
};

const targetsOf = (snapshot: Snapshot, subject: CancelSubject, stopping: Stopping): readonly Target[] => {
  const ending = [...subject.groups, ...subject.references].map(({ workflow }) => workflow);
  return subject.targets.map((side) => ({
    ...droppedShard(snapshot, side),
    ...{ old: [], kept: [], orphans: "retire", stopping, vtctld: null },
    ending,
    endingReaders: [
      ...ending.map((workflow) => `${subject.keyspace}.${workflow}`),
      `${subject.sourceKeyspace}.${subject.workflow}_reverse`,
    ],
  }));
};

/** Vitess refuses to rebuild the record while such a control disables queries (docs/vitess.md#srvkeyspace). */
const controlSteps = (
  snapshot: Snapshot,
  keyspace: string,
  targets: readonly Target[],
): readonly DraftStep[] =>
  cellGraphs(snapshot, keyspace).flatMap(({ cell, server, key }) =>
    editRecord(
      snapshot,
      srvKeyspace,
      { cell, keyspace },
      { server, key },
      withoutControls(targets.map(({ shard }) => shard)),
    ),
  );

const wayBackNote = (target: Target, purge: boolean): string =>
  `${shardName(target)} leaves: an undo puts its Shard record back and can not start its vttablets; ${
    purge
      ? "the dropped tables and the streams do not come back"
      : "until they are started again, neither undo nor purge reaches the tables that are held in their MySQL servers, and the streams do not come back"
  }`;

/** Queries that vtgates of any cell send there, and those that a shard routing rule sends there as soon as the cells have it. */
const leadsThere: Guard<Target> = (snapshot, target) => {
  const { keyspace, shard } = target;
  const paths = snapshot.rows("shard_serving", { keyspace, shard }).map(({ tablet_type, cell }) => ({
    reason: `${tablet_type} queries${cell === "" ? "" : ` of cell ${cell}`} lead to ${shardName(target)}`,
    instead: ELSEWHERE,
  }));
  const rules = snapshot
    .rows("shard_routing_rule", { scope: "global", shard, to_keyspace: keyspace })
    .map(({ from_keyspace, key, revision }) => ({
      reason: `the shard routing rule of ${from_keyspace}/${shard} leads to ${shardName(target)} (${key}, revision ${revision})`,
      instead: ELSEWHERE,
    }));
  return [...paths, ...rules];
};

const ELSEWHERE =
  "route these queries elsewhere first (vtctldclient ApplyShardRoutingRules), or cancel without --retire-targets";

/** Streams into it that the cancel does not end would go on in a MySQL that nobody reaches through a tablet. */
const otherStreams: Guard<Target> = (_, { groups, keyspace, ending }) =>
  groups
    .filter(({ workflow }) => !ending.includes(workflow))
    .map(({ workflow, process }) => ({
      reason: `${process.alias} has streams of ${workflow} too`,
      instead: `cancel ${keyspace}.${workflow} first, or cancel without --retire-targets`,
    }));

const otherReaders: Guard<Target> = (snapshot, target) =>
  readingWorkflows(snapshot, target, ({ keyspace, workflow }) =>
    target.endingReaders.includes(`${keyspace}.${workflow}`),
  );

const UNLESS_RETIRED: readonly Guard<Target>[] = [
  leadsThere,
  ownedByOperator,
  aliasClash,
  otherStreams,
  otherReaders,
  otherProcesses,
  notProvenEnded,
  unknownRows,
];
