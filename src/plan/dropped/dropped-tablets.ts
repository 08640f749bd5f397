import { formatAlias } from "../../cluster/alias.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShardReplication } from "../../topology/records.js";
import type { Guard, Obstacle } from "../draft.js";
import { aliasClash } from "../guards/dropped-shards.js";
import type { OrphanShard } from "../view/dropped-shard.js";
import { claimedTwice } from "../view/processes.js";
import { shardName } from "../view/shard-records.js";
import { type Deletions, tabletRecord } from "./tablet-record.js";

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
