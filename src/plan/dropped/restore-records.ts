import { clone, create } from "@bufbuild/protobuf";
import { formatAlias, parseAlias } from "../../cluster/alias.js";
import { keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import { KeyRangeSchema, type Shard, ShardSchema } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardKey, shardReplicationKey, tabletKey } from "../../topology/paths.js";
import { decodeShard, encodeShard } from "../../topology/records.js";
import type { DraftStage, DraftStep } from "../draft.js";
import { type Deletion, deletionsOf, listedAliases, type OrphanShard } from "../facts/dropped-shard.js";
import { type Process, tabletRef } from "../facts/processes.js";
import {
  base64,
  cells,
  globalRoot,
  keyPremise,
  keyspaceLocks,
  keyspaceRecord,
  servingPremises,
  shardNames,
  shardRecords,
} from "../facts/topology.js";
import type { Premise } from "../fields.js";
import { tabletRecord } from "./tablet-record.js";

/** The shard sync retries every 30 s (`--shard_sync_retry_delay`); three of its rounds. */
const AWAIT_PRIMARY_MS = 90_000;

interface Keys {
  readonly server: string;
  readonly tablet: string;
  readonly replication: string;
}

export const restoreStages = (snapshot: Snapshot, orphans: readonly OrphanShard[]): readonly DraftStage[] => [
  {
    title: `Put the records of ${shardNames(orphans)} back`,
    locks: keyspaceLocks(snapshot, [...new Set(orphans.map(({ keyspace }) => keyspace))]),
    steps: [
      ...orphans.flatMap((orphan) => tabletSteps(snapshot, orphan)),
      ...orphans.flatMap((orphan) => shardSteps(snapshot, orphan)),
    ],
  },
  {
    title: `Wait for the running primaries of ${shardNames(orphans)} to name themselves`,
    locks: [],
    steps: orphans.flatMap((orphan) => awaitSteps(snapshot, orphan)),
  },
];

/**
 * Tablets with ShardReplication first, the Shard last: a primary is only named once its own record exists
 * (docs/vitess.md#putting-records-back).
 */
export const tabletSteps = (snapshot: Snapshot, orphan: OrphanShard): readonly DraftStep[] =>
  asListed(orphan)
    .filter((process) => process.record === "absent")
    .flatMap((process): readonly DraftStep[] => {
      const record = tabletRecord(snapshot, process, deletionsOf(orphan, process.alias));
      const keys = keysOf(snapshot, process);
      if (record.kind === "unproven" || keys === null) return [];
      return [
        {
          kind: "tablet.restore",
          tablet: tabletRef(snapshot, process),
          server: keys.server,
          key: keys.tablet,
          value: base64(record.bytes),
          replicationKey: keys.replication,
          origin: record.origin,
        },
      ];
    });

/** Of the tablets of a shard that came back without them. */
export const tabletStage = (snapshot: Snapshot, orphan: OrphanShard): DraftStage => ({
  title: `Put the records of the tablets of ${shardNames([orphan])} back that were not restarted`,
  locks: keyspaceLocks(snapshot, [orphan.keyspace]),
  steps: tabletSteps(snapshot, orphan),
});

/** In the old order of ShardReplication, which so comes back byte for byte. */
const asListed = (orphan: OrphanShard): readonly Process[] => {
  const listed = listedAliases(orphan);
  const place = ({ alias }: Process): number =>
    listed.includes(alias) ? listed.indexOf(alias) : listed.length;
  return orphan.processes.toSorted((a, b) => place(a) - place(b));
};

const shardSteps = (snapshot: Snapshot, orphan: OrphanShard): readonly DraftStep[] => {
  const keyspace = keyspaceRecord(snapshot, orphan.keyspace);
  const [primary] = orphan.primaries;
  if (keyspace === null || primary === undefined) return [];
  const { bytes, origin } = shardRecord(orphan.shard, primary, orphan.deletion);
  return [
    {
      kind: "shard.restore",
      keyspace: orphan.keyspace,
      shard: orphan.shard,
      server: keyspace.server,
      key: orphanShardKey(snapshot, orphan),
      value: base64(bytes),
      keyspaceKey: keyspace.key,
      tabletKeys: orphan.processes.flatMap((process) => {
        const keys = keysOf(snapshot, process);
        return keys === null ? [] : [{ server: keys.server, key: keys.tablet }];
      }),
      origin,
    },
  ];
};

export const awaitSteps = (snapshot: Snapshot, orphan: OrphanShard): readonly DraftStep[] =>
  orphan.primaries.map((primary) => ({
    kind: "shard.await-primary",
    keyspace: orphan.keyspace,
    shard: orphan.shard,
    server: globalRoot(snapshot).server,
    key: orphanShardKey(snapshot, orphan),
    alias: primary.alias,
    timeoutMs: AWAIT_PRIMARY_MS,
  }));

/** What the restoration rests on: what must not exist, what serves the range, and where queries go. */
export const restorePremises = (snapshot: Snapshot, orphan: OrphanShard): readonly Premise[] => {
  const global = globalRoot(snapshot);
  const range = keyRangeOfShard(orphan.shard);
  const keyspace = keyspaceRecord(snapshot, orphan.keyspace);
  return [
    ...(keyspace === null ? [] : [keyPremise(snapshot, keyspace.server, keyspace.key)]),
    keyPremise(snapshot, global.server, orphanShardKey(snapshot, orphan)),
    ...shardRecords(snapshot, orphan.keyspace)
      .filter((other) => range !== null && overlaps(other, range))
      .map(({ server, key }) => keyPremise(snapshot, server, key)),
    ...servingPremises(snapshot, orphan.keyspace),
    ...orphan.processes.flatMap((process) => {
      const keys = keysOf(snapshot, process);
      return keys === null
        ? []
        : [
            keyPremise(snapshot, keys.server, keys.tablet),
            keyPremise(snapshot, keys.server, keys.replication),
          ];
    }),
  ];
};

export const orphanShardKey = (snapshot: Snapshot, orphan: OrphanShard): string =>
  orphan.deletion?.key ?? shardKey(globalRoot(snapshot).root, orphan.keyspace, orphan.shard);

export const keysOf = (snapshot: Snapshot, process: Process): Keys | null => {
  const alias = parseAlias(process.alias);
  const cell = cells(snapshot).find(({ cell }) => cell === process.cell);
  if (alias === null || cell === undefined) return null;
  return {
    server: cell.server,
    tablet: tabletKey(cell.root, alias),
    replication: shardReplicationKey(cell.root, process.keyspace, process.shard),
  };
};

interface ShardBytes {
  readonly bytes: Uint8Array;
  readonly origin: string;
}

/**
 * The Shard record to create: never serving, and naming its primary only where it names the live one and its term. A newer term than
 * the tablet's own would demote it; an empty one is filled by its shard sync within 30 s (docs/vitess.md#shard-sync,
 * docs/vitess.md#putting-records-back).
 */
const shardRecord = (shard: string, primary: Process, deletion: Deletion | null): ShardBytes => {
  const decoded = deletion === null ? null : decodeShard(deletion.value);
  if (deletion === null || decoded === null || decoded.kind === "unanswered")
    return { bytes: encodeShard(fromName(shard)), origin: "reconstructed from the shard's name" };
  const record = withLivePrimary(decoded.value, primary);
  record.isPrimaryServing = false;
  return { bytes: encodeShard(record), origin: `etcd history before revision ${deletion.deletedRevision}` };
};

/** The record, naming its primary only where it names the live one and its term. */
export const withLivePrimary = (recorded: Shard, primary: Process): Shard => {
  const record = clone(ShardSchema, recorded);
  if (!namesPrimary(record, primary)) {
    record.primaryAlias = undefined;
    record.primaryTermStartTime = undefined;
  }
  return record;
};

const fromName = (shard: string): Shard => {
  const record = create(ShardSchema);
  const range = keyRangeOfShard(shard);
  if (range !== null && shard.includes("-"))
    record.keyRange = create(KeyRangeSchema, {
      start: Buffer.from(range.start, "hex"),
      end: Buffer.from(range.end, "hex"),
    });
  return record;
};

const namesPrimary = (record: Shard, primary: Process): boolean =>
  record.primaryAlias !== undefined &&
  formatAlias(record.primaryAlias) === primary.alias &&
  record.primaryTermStartTime?.seconds === BigInt(primary.termStart);
