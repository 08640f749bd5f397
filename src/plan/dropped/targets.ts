import { distinct } from "../../cluster/distinct.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShardReplication } from "../../topology/records.js";
import type { Guard, Named, Obstacle, ShardRequest } from "../draft.js";
import { type EndedStreams, vdiffSteps } from "../end-streams.js";
import {
  deletionsOf,
  type OrphanShard,
  orphanTargets,
  reachable,
  silentMembers,
} from "../facts/dropped-shard.js";
import { claimedTwice, isPrimary, processAt, processesOfShard, unknownRecordOf } from "../facts/processes.js";
import { groupsOn, referenceCopies, type StreamFact, type StreamGroup } from "../facts/stream-facts.js";
import { orderShards, type ShardRef, shardName, shardNames } from "../facts/topology.js";
import type { Blocked } from "../fields.js";
import { aliasClash } from "../guards/dropped-shards.js";
import { tabletRecord } from "./tablet-record.js";

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
const reverseLeftovers = (
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

/** What ends on shards whose records come back and on shards that leave, with the reverse streams that they have left elsewhere. */
export const endingStreams = (
  snapshot: Snapshot,
  returning: readonly OrphanShard[],
  leaving: readonly OrphanShard[],
): EndedStreams => {
  const shards = [...returning, ...leaving].toSorted(orderShards);
  const groups = shards.flatMap((shard) =>
    (leaving.includes(shard) ? shard.groups : cancelledStreams(snapshot, shard)).filter(reachable),
  );
  const reverse = reverseLeftovers(snapshot, shards, groups);
  const workflows = distinct([...groups, ...reverse].map(({ workflow }) => workflow));
  const vdiffs = shards.flatMap((shard) =>
    shard.primaries.flatMap((primary) => {
      const own = groups.filter(({ process }) => process === primary).map(({ workflow }) => workflow);
      return vdiffSteps(snapshot, primary, leaving.includes(shard) ? null : own);
    }),
  );
  const title = `Stop and delete the streams of ${workflows.join(", ")} on ${shardNames(shards)}`;
  return { title, shards, groups, reverse, vdiffs };
};

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
        reason: unknownRecordOf(alias),
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
