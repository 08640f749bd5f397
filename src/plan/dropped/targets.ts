import { formatAlias } from "../../cluster/alias.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShardReplication } from "../../topology/records.js";
import type { Guard, Obstacle, ShardRequest } from "../draft.js";
import type { OrphanShard } from "../facts/dropped-shard.js";
import {
  claimedTwice,
  isPrimary,
  type Process,
  processAt,
  processesOfAlias,
  processesOfShard,
} from "../facts/processes.js";
import { groupsOn, referenceCopies, type StreamFact, type StreamGroup } from "../facts/stream-facts.js";
import { orderShards, type ShardRef, shardName } from "../facts/topology.js";
import type { Blocked } from "../fields.js";
import { aliasClash } from "../guards/dropped-shards.js";
import type { Named } from "../repair.js";
import { type Deletions, tabletRecord } from "./tablet-record.js";

export interface OrphanTarget extends ShardRef {
  readonly finding: string | null;
}

/** The shards that findings are about; a finding of a tablet or a stream leads to the shard that its process says it is of. */
export const orphanTargets = (snapshot: Snapshot, findings: readonly Named[]): readonly OrphanTarget[] => {
  const ofShards = findings.filter((finding) => !("alias" in finding.object || "address" in finding.object));
  const others = findings.filter((finding) => !ofShards.includes(finding));
  // Later ones win where two name one shard, so that the plan speaks of the shard's own finding.
  const targets = [...others, ...ofShards].flatMap((finding) => targetOf(snapshot, finding));
  return [...new Map(targets.map((target) => [shardName(target), target])).values()].sort(orderShards);
};

const targetOf = (snapshot: Snapshot, finding: Named): readonly OrphanTarget[] => {
  const { keyspace, shard, alias, address } = finding.object;
  if (keyspace !== undefined && shard !== undefined) return [{ keyspace, shard, finding: finding.id }];
  return processesNamed(snapshot, alias, address).map((process) => ({
    keyspace: process.keyspace,
    shard: process.shard,
    finding: finding.id,
  }));
};

const processesNamed = (
  snapshot: Snapshot,
  alias: string | undefined,
  address: string | undefined,
): readonly Process[] => {
  if (alias !== undefined) return processesOfAlias(snapshot, alias);
  const process = address === undefined ? null : processAt(snapshot, address);
  return process === null ? [] : [process];
};

/**
 * The streams on a dropped shard that end with the proven cancel that dropped it: its workflow's, and the copies of reference-table streams
 * that its Reshard made there (docs/vitess.md#reference-copies). Any other may be wanted: a Materialize, or the workflow of a shard that
 * a person deleted by mistake.
 */
export const cancelledStreams = (snapshot: Snapshot, orphan: OrphanShard): readonly StreamGroup[] => {
  const workflows = snapshot
    .rows("cancelled_target", { keyspace: orphan.keyspace, shard: orphan.shard, fate: "dropped" })
    .map(({ workflow }) => workflow);
  const own = orphan.groups.filter((group) => workflows.includes(group.workflow));
  const sources = own
    .flatMap((group) => group.streams)
    .flatMap((stream) => processesOfShard(snapshot, stream.sourceKeyspace, stream.sourceShard))
    .filter(isPrimary);
  const copies = workflows.flatMap((workflow) =>
    referenceCopies(snapshot, orphan.primaries, sources, workflow),
  );
  return orphan.groups.filter(
    (group) => own.includes(group) || copies.some((copy) => sameGroup(copy, group)),
  );
};

const sameGroup = (one: StreamGroup, other: StreamGroup): boolean =>
  one.process.address === other.process.address &&
  one.workflow === other.workflow &&
  one.dbName === other.dbName;

/** What is said of the streams that stay on a shard whose records come back. */
export const stayingNotes = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] => {
  const going = cancelledStreams(snapshot, orphan);
  return orphan.groups
    .filter((group) => !going.includes(group))
    .map(
      ({ workflow, process }) =>
        `the streams of ${workflow} on ${process.alias} stay as they are, as no cancel of it is proven; if it is not wanted, cancel ${orphan.keyspace}.${workflow} once ${shardName(orphan)} is back`,
    );
};

/**
 * Reverse streams of the lost workflows that an interrupted switch left on source primaries. Only where every stream of the group reads
 * from one of these shards: a call deletes a whole workflow, and others of it may be somebody's way back.
 */
export const reverseLeftovers = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  groups: readonly StreamGroup[],
): readonly StreamGroup[] => {
  const names = new Set(groups.map((group) => `${group.workflow}_reverse`));
  const addresses = snapshot.all<{ address: string }>("SELECT DISTINCT address FROM stream ORDER BY address");
  return addresses.flatMap(({ address }) => {
    const process = processAt(snapshot, address);
    if (process === null || !isPrimary(process) || isOrphan(orphans, process.keyspace, process.shard))
      return [];
    return groupsOn(snapshot, process).filter(
      (group) => names.has(group.workflow) && group.streams.every((stream) => readsFrom(orphans, stream)),
    );
  });
};

const isOrphan = (orphans: readonly OrphanShard[], keyspace: string, shard: string): boolean =>
  orphans.some((orphan) => orphan.keyspace === keyspace && orphan.shard === shard);

const readsFrom = (orphans: readonly OrphanShard[], stream: StreamFact): boolean =>
  stream.sourceExternal === "" && isOrphan(orphans, stream.sourceKeyspace, stream.sourceShard);

/**
 * Targets that one cancel dropped with these and of which nothing answers: their streams wait in a MySQL that nobody can reach through a
 * tablet. Nothing can be done about them now, which is said.
 */
export const unreachableTargets = (snapshot: Snapshot, shards: readonly ShardRef[]): readonly Blocked[] =>
  snapshot
    .all<ShardRef & { readonly aliases: string | null }>(
      `SELECT DISTINCT c.keyspace, c.shard, (SELECT group_concat(alias, ', ') FROM (SELECT DISTINCT alias FROM deletion t
         WHERE t.kind = 'tablet' AND t.keyspace = c.keyspace AND t.shard = c.shard ORDER BY alias)) AS aliases
     FROM cancelled_target c JOIN cancelled_target s USING (keyspace, workflow)
     WHERE c.fate = 'silent' AND s.keyspace || '/' || s.shard IN (SELECT value FROM json_each(?))
     ORDER BY c.keyspace, c.shard`,
      JSON.stringify(shards.map(shardName)),
    )
    .map(({ aliases, ...shard }) => ({
      object: { keyspace: shard.keyspace, shard: shard.shard },
      finding: null,
      reason: `${shardName(shard)} was dropped by the same cancel, and no tablet of it answers${aliases === null ? "" : ` (${aliases})`}: its streams stay in its MySQL and run again if it comes back as primary`,
      instead: "start it and cancel again at once, or remove it for good (vttablet and MySQL)",
    }));

/** Those that went with the shards that findings are about. */
export const unreachableWith = (
  snapshot: Snapshot,
  findings: readonly Named[],
  { orphans }: ShardRequest,
): readonly Blocked[] =>
  unreachableTargets(snapshot, orphans === "leave" ? [] : orphanTargets(snapshot, findings));

/**
 * Every tablet that the shard had when it was dropped must be alive and proven (docs/decisions.md#d17): its streams live in its MySQL, so
 * one dead primary that comes back revives the stream, and a record without a process is a drift of its own.
 */
export const unaccounted: Guard<OrphanShard> = (snapshot, orphan) => [
  ...unreadableLists(orphan),
  ...silentMembers(snapshot, orphan).map((alias) => silent(snapshot, orphan, alias)),
  ...aliasClash(snapshot, orphan),
  ...orphan.processes.flatMap((process) => {
    if (claimedTwice(orphan.processes).has(process.alias)) return [];
    if (process.record === "present") return [];
    if (process.record !== "absent") return [otherRecord(process.alias, process.record)];
    const record = tabletRecord(snapshot, process, deletionsOf(orphan, process.alias));
    return record.kind === "record" ? [] : [unproven(process.alias, record.reason)];
  }),
];

/** Tablets that the shard had when it was dropped, and that do not answer now. */
export const silentMembers = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] =>
  memberAliases(orphan)
    .filter((alias) => !orphan.processes.some((process) => process.alias === alias))
    .filter((alias) => !registeredElsewhere(snapshot, orphan, alias));

export const deletionsOf = (orphan: OrphanShard, alias: string): Deletions => ({
  tablet: orphan.tablets.find((deletion) => deletion.alias === alias) ?? null,
  shard: orphan.deletion,
});

/** In the order of the ShardReplication records that were dropped. */
export const listedAliases = (orphan: OrphanShard): readonly string[] =>
  orphan.replication.flatMap((deletion) => {
    const record = decodeShardReplication(deletion.value);
    if (record.kind === "unanswered") return [];
    return record.value.nodes.flatMap((node) => (node.tabletAlias ? [formatAlias(node.tabletAlias)] : []));
  });

/** Listed by ShardReplication when it was dropped, or dropped by the same operation as the shard for all that is known. */
const memberAliases = (orphan: OrphanShard): readonly string[] => {
  const dropped = orphan.tablets
    .filter((tablet) => tablet.operation === "unknown" || tablet.lockKey === orphan.deletion?.lockKey)
    .map((tablet) => tablet.alias);
  return [...new Set([...listedAliases(orphan), ...dropped])].sort();
};

const unreadableLists = (orphan: OrphanShard): readonly Obstacle[] =>
  orphan.replication.flatMap(({ key, value }) => {
    const record = decodeShardReplication(value);
    return record.kind === "answered"
      ? []
      : [
          {
            reason: `the last ${key} can not be read (${record.message}), so nobody knows which tablets the shard had`,
            instead: "restore its records by hand, or say --orphans retire",
          },
        ];
  });

/** Tablets of the shard that somebody had taken away before: they are named, and do not stand in the way. */
export const removedBefore = (orphan: OrphanShard): readonly string[] => {
  const members = new Set([...memberAliases(orphan), ...orphan.processes.map((process) => process.alias)]);
  return orphan.tablets.map((tablet) => tablet.alias).filter((alias) => !members.has(alias));
};

/** It has a record of another shard now, and Vitess lets no process of that alias start for this one (docs/vitess.md#tablet-start). */
const registeredElsewhere = (snapshot: Snapshot, orphan: OrphanShard, alias: string): boolean =>
  snapshot.all(
    "SELECT 1 FROM tablet WHERE alias = ? AND NOT (keyspace = ? AND shard = ?)",
    alias,
    orphan.keyspace,
    orphan.shard,
  ).length > 0;

const silent = (snapshot: Snapshot, orphan: OrphanShard, alias: string): Obstacle => {
  const answer = snapshot.all<{ address: string; reason: string; message: string }>(
    `SELECT w.address, p.reason, p.message FROM witness w JOIN probe p USING (address)
     WHERE w.alias = ? AND p.answered = 0 ORDER BY w.address, p.channel`,
    alias,
  )[0];
  const taken = takenAddress(snapshot, alias);
  const how = taken ?? (answer ? ` at ${answer.address} (${answer.reason}: ${answer.message})` : "");
  return {
    reason: `tablet ${alias} of ${shardName(orphan)} does not answer${how}: its streams stay in its MySQL, and one dead primary that comes back revives the stream`,
    instead: `start ${alias} and plan again, or remove it for good (vttablet and MySQL) and say --orphans retire`,
  };
};

/** Its address may belong to somebody else now; who was started with another topology is never called. */
const takenAddress = (snapshot: Snapshot, alias: string): string | null => {
  const [other] = snapshot.all<{ address: string; alias: string; keyspace: string; shard: string }>(
    `SELECT p.address, p.alias, p.keyspace, p.shard FROM witness w JOIN process p USING (address)
     WHERE w.alias = ? AND (p.same_cluster = 0 OR p.alias <> w.alias) ORDER BY p.address`,
    alias,
  );
  return other === undefined
    ? null
    : ` (at ${other.address} runs ${other.alias} of ${other.keyspace}/${other.shard} now, another tablet, which is not called)`;
};

const otherRecord = (alias: string, record: string): Obstacle =>
  record === "unknown"
    ? {
        reason: `the cell of ${alias} did not answer, so nobody knows whether its record exists`,
        instead: "make the cell's topology server reachable, then plan again",
      }
    : {
        reason: `the record of ${alias} names another process`,
        instead: "find out which of the two is the tablet and stop the other, then plan again",
      };

const unproven = (alias: string, reason: string): Obstacle => ({
  reason: `${alias} can not be given its record back: ${reason}`,
  instead: "restart that vttablet once its streams are gone; it then writes its own record",
});
