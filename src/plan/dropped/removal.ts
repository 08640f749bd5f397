import { distinct } from "../../cluster/distinct.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardKey, shardReplicationKey } from "../../topology/paths.js";
import type { DraftStage, DraftStep, Stopping } from "../draft.js";
import { tabletRef } from "../facts/processes.js";
import {
  cells,
  globalRoot,
  keyFact,
  keyPremise,
  keyspaceLocks,
  servingPremises,
  shardName,
} from "../facts/topology.js";
import type { LockScope, Premise, TabletRef } from "../fields.js";
import { endSteps, recordKeys } from "./retirement.js";
import { type Member, membersOf, type Returned, unreachableRows } from "./returned.js";
import type { AskedReturned } from "./returned-obstacles.js";

/**
 * A shard that is not wanted, be it that it came back (scene S5) or that its Reshard is cancelled: its vttablets end by the operator's
 * command, or by themselves, for which a record that they have goes right before (docs/decisions.md#d19); then the records go, as
 * `DeleteShards --recursive` takes them (docs/vitess.md#delete-shard), but proven and one by one, so that undo has each; then nobody may
 * come back.
 */
export const removalStages = (snapshot: Snapshot, shard: AskedReturned): readonly DraftStage[] => {
  const { stopping } = shard;
  const name = shardName(shard);
  const keyspace = keyspaceLocks(snapshot, [shard.keyspace]);
  const locks: readonly LockScope[] = [
    ...keyspace,
    { kind: "shard", keyspace: shard.keyspace, shard: shard.shard },
  ];
  const records = removeSteps(snapshot, shard);
  return [
    {
      title: `End the vttablets of ${name}`,
      locks,
      steps:
        stopping === null
          ? []
          : endSteps(snapshot, shard, stopping).flatMap((end) => [
              ...records.filter(({ runs }) => runs !== undefined && runs.alias === end.tablet.alias),
              end,
            ]),
    },
    {
      title: `Take the records of the tablets of ${name} away`,
      locks,
      steps: records.filter((step) => step.of !== "Shard" && step.runs === undefined),
    },
    {
      // A shard without a record can not be locked, by a run that is resumed after it neither.
      title: `Take the record of ${name} away`,
      locks: keyspace,
      steps: records.filter((step) => step.of === "Shard"),
    },
    {
      title: `Watch that the vttablets of ${name} stay away`,
      locks: [],
      steps: stopping === null || shard.processes.length === 0 ? [] : [stayAway(snapshot, shard, stopping)],
    },
  ];
};

/**
 * Every record of the shard, whether it exists or not, and where queries go. Not the Tablet records that exist: an ending vttablet writes
 * its own, also where the operator ends it by hand before the run comes to it, and each is judged again before it goes.
 */
export const removalPremises = (snapshot: Snapshot, shard: Returned): readonly Premise[] => {
  const records = recordsOf(snapshot, shard);
  const tablets = records.filter(({ of }) => of === "Tablet").map(({ key }) => key);
  return [
    ...[...recordKeys(snapshot, shard), ...records]
      .filter(({ key }) => !tablets.includes(key))
      .map(({ server, key }) => keyPremise(snapshot, server, key)),
    ...servingPremises(snapshot, shard.keyspace),
  ];
};

/** What nobody can promise: the streams in the MySQL of a tablet that is down now. */
export const removalNotes = (snapshot: Snapshot, shard: Returned): readonly string[] => [
  ...membersOf(snapshot, shard)
    .filter(({ process }) => process === null)
    .map(
      ({ alias }) =>
        `${alias} of ${shardName(shard)} does not answer: if it is started again, it brings the shard back, with the streams that its MySQL may hold; remove its vttablet for good`,
    ),
  ...unreachableRows(shard).map(
    ({ workflow, process }) =>
      `the rows of ${workflow} stay in the MySQL of ${process.alias}, which is read-only: whoever starts its vttablet again as primary starts the stream`,
  ),
  `the MySQL servers of ${shardName(shard)} run on with their data; they are yours to stop`,
];

const stayAway = (snapshot: Snapshot, shard: Returned, { watchMs }: Stopping): DraftStep => {
  const keys = [...recordKeys(snapshot, shard), ...recordsOf(snapshot, shard)];
  return {
    kind: "tablet.stay-away",
    tablets: shard.processes.map((process) => tabletRef(snapshot, process)),
    keys: distinct(keys.map(({ server, key }) => ({ server, key }))),
    watchMs,
  };
};

type Remove = Extract<DraftStep, { kind: "record.remove" }>;

interface RecordOf {
  readonly of: Remove["of"];
  readonly server: string;
  readonly key: string;
  readonly recordedAt: string | null;
}

/** One step a record. */
const removeSteps = (snapshot: Snapshot, shard: AskedReturned): readonly Remove[] => {
  const members = membersOf(snapshot, shard);
  const running = shard.stopping?.kind === "unsupervised" ? members.flatMap(recordedProcess) : [];
  return recordsOf(snapshot, shard).map((record) => {
    const runs = running.find((member) => member.record.key === record.key)?.process;
    return {
      kind: "record.remove",
      ...record,
      keyspace: shard.keyspace,
      shard: shard.shard,
      members: members.map(({ alias }) => alias),
      ...(runs === undefined
        ? { ended: members.flatMap((member) => addressed(snapshot, shard, member)) }
        : { ended: [], runs: tabletRef(snapshot, runs) }),
      ...(running.length > 0 && record.of !== "Shard" ? { startWrites: true } : {}),
    };
  });
};

/** It would publish and live on. */
const recordedProcess = ({ alias, record, process }: Member) =>
  record !== null && process?.record === "present" ? [{ alias, record, process }] : [];

/** In the order in which Vitess deletes them: who finds a Tablet also finds its shard. */
const recordsOf = (snapshot: Snapshot, shard: Returned): readonly RecordOf[] => {
  const { server, root } = globalRoot(snapshot);
  const tablets = membersOf(snapshot, shard).flatMap(({ record }) =>
    record === null
      ? []
      : [{ of: "Tablet", server: record.server, key: record.key, recordedAt: record.address } as const],
  );
  const others = [
    ...cells(snapshot).map((cell) => ({
      of: "ShardReplication" as const,
      server: cell.server,
      key: shardReplicationKey(cell.root, shard.keyspace, shard.shard),
      recordedAt: null,
    })),
    {
      of: "Shard" as const,
      server,
      key: shardKey(root, shard.keyspace, shard.shard),
      recordedAt: null,
    },
  ];
  return [...tablets, ...others.filter(({ server, key }) => keyFact(snapshot, server, key) !== null)];
};

/** Where a process of the tablet ran: one that answered, or one that its record still names. */
const addressed = (snapshot: Snapshot, shard: Returned, { alias, process, record }: Member): TabletRef[] => {
  if (process !== null) return [tabletRef(snapshot, process)];
  if (record === null || record.address === "") return [];
  const { server, key, type, host, grpcPort, httpPort, mysqlHost, mysqlPort } = record;
  const address = { host, grpcPort, httpPort, mysqlHost, mysqlPort };
  return [{ alias, keyspace: shard.keyspace, shard: shard.shard, type, address, record: { server, key } }];
};
