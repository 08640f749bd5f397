import type { Snapshot } from "../../snapshot/snapshot.js";
import { encodeShard } from "../../topology/records.js";
import type { DraftStage, DraftStep } from "../draft.js";
import { type OrphanShard, silentMembers } from "../facts/dropped-shard.js";
import { isPrimary, tabletRef } from "../facts/processes.js";
import { base64, keyFact, keyPremise, shardName } from "../facts/topology.js";
import type { Premise } from "../fields.js";
import { graphSteps } from "./lost-graph.js";
import { type LostKeyspace, type LostShard, unrecorded } from "./lost-keyspace.js";
import {
  awaitSteps,
  keysOf,
  orphanShardKey,
  restorePremises,
  tabletSteps,
  withLivePrimary,
} from "./restore-records.js";

/**
 * First the Keyspace, without which it can not be locked (docs/vitess.md#lock-protocol), then all else in one stage, so that an undo takes
 * all of it or nothing: tablets before the shards that name them (docs/vitess.md#putting-records-back), and the way of the queries last.
 */
export const keyspaceStages = (snapshot: Snapshot, lost: LostKeyspace): readonly DraftStage[] => {
  const { keyspace, shards } = lost;
  return [
    {
      title: `Put the Keyspace record and the VSchema of ${keyspace} back`,
      locks: [],
      steps: ownSteps(lost),
    },
    {
      title: `Put the tablets and shards of ${keyspace} back, and lead its queries to them`,
      locks: [{ kind: "keyspace", keyspace }],
      steps: [
        ...shards.flatMap((shard) => listingSteps(snapshot, shard)),
        ...shards.flatMap((shard) => tabletSteps(snapshot, shard)),
        ...shards.map((shard) => shardStep(snapshot, lost, shard)),
        ...shards.flatMap((shard) => awaitSteps(snapshot, shard)),
        ...graphSteps(snapshot, lost),
      ],
    },
  ];
};

const ownSteps = ({ keyspace, server, keys, record, vschema }: LostKeyspace): readonly DraftStep[] => [
  {
    kind: "record.write",
    record: { kind: "keyspace", keyspace },
    ...{ server, key: keys.keyspace, modRevision: 0, before: null, after: base64(record.value) },
  },
  ...(typeof vschema === "string"
    ? []
    : [
        {
          kind: "record.write",
          record: { kind: "vschema", keyspace },
          ...{ server, key: keys.vschema, modRevision: 0, before: null, after: base64(vschema.value) },
        } as const,
      ]),
];

/** Tablets that have their record and that no ShardReplication lists: whoever deletes or restores a shard finds them by it. */
const listingSteps = (
  snapshot: Snapshot,
  { processes, keyspace, shard }: OrphanShard,
): readonly DraftStep[] =>
  processes.flatMap((process): readonly DraftStep[] => {
    const keys = keysOf(snapshot, process);
    const own = keys === null ? null : keyFact(snapshot, keys.server, keys.tablet);
    const { cell, alias } = process;
    if (process.record !== "present" || keys === null || own === null) return [];
    if (snapshot.rows("shard_replication", { cell, keyspace, shard, alias }).length > 0) return [];
    return [
      {
        kind: "tablet.restore",
        tablet: tabletRef(snapshot, process),
        ...{
          server: keys.server,
          key: keys.tablet,
          value: base64(own.value),
          replicationKey: keys.replication,
        },
        origin: "its record is there",
      },
    ];
  });

/** The only PRIMARY is named where it was named with the term that it has, else it names itself. */
const shardStep = (snapshot: Snapshot, { server }: LostKeyspace, lost: LostShard): DraftStep => {
  const [primary] = lost.primaries;
  const after = primary === undefined ? lost.record : withLivePrimary(lost.record, primary);
  return {
    kind: "record.write",
    record: { kind: "shard", keyspace: lost.keyspace, shard: lost.shard },
    ...{ server, key: orphanShardKey(snapshot, lost), modRevision: 0, before: null },
    after: base64(encodeShard(after)),
  };
};

/** Nothing of it may have been made anew, by a restarted vttablet neither. */
export const keyspacePremises = (snapshot: Snapshot, lost: LostKeyspace): readonly Premise[] => [
  ...Object.values(lost.keys).map((key) => keyPremise(snapshot, lost.server, key)),
  ...lost.shards.flatMap((shard) => restorePremises(snapshot, shard)),
];

export const keyspaceNotes = (
  snapshot: Snapshot,
  { keyspace, shards, record }: LostKeyspace,
): readonly string[] => [
  `${keyspace} comes back as it was before revision ${record.deletedRevision}; its tables and streams are not touched`,
  ...shards.flatMap((shard) => [
    ...silentMembers(snapshot, shard).map(
      (alias) =>
        `${alias} of ${shardName(shard)} does not answer and gets no record: its vttablet writes it when it starts, once the keyspace is back`,
    ),
    ...shard.processes
      .filter((process) => !isPrimary(process))
      .flatMap((process) => {
        const why = unrecorded(snapshot, shard, process);
        return why === null ? [] : [`${why}; restart its vttablet once the keyspace is back`];
      }),
  ]),
];
