import { formatAlias } from "../../cluster/alias.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShardReplication } from "../../topology/records.js";
import type { Named } from "../draft.js";
import {
  claimedTwice,
  isPrimary,
  type Process,
  processAt,
  processesOfAlias,
  processesOfKeyspace,
  processesOfShard,
} from "./processes.js";
import { groupsOn, type StreamGroup } from "./stream-facts.js";
import { orderShards, type ShardRef, shardName } from "./topology.js";

/** A record that history still shows, with the operation whose lock covered its deletion (docs/decisions.md#d8). */
export interface Deletion {
  readonly server: string;
  readonly key: string;
  readonly deletedRevision: number;
  readonly operation: string;
  readonly lockKey: string | null;
  readonly lockAction: string | null;
  readonly lockHost: string | null;
  readonly alias: string;
  readonly cell: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
}

const COLUMNS = `SELECT d.server, d.key, d.deleted_revision AS deletedRevision, d.operation, d.lock_key AS lockKey,
  d.lock_action AS lockAction, d.lock_host AS lockHost, d.alias, d.cell, h.value, h.create_revision AS createRevision
  FROM deletion d JOIN topo_history h USING (server, key, deleted_revision)
  WHERE d.keyspace = ? AND d.shard = ?`;

/** The last deletion of the shard's own record; null where history does not know it (any more). */
const shardDeletion = (snapshot: Snapshot, { keyspace, shard }: ShardRef): Deletion | null =>
  snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = 'shard' ORDER BY d.deleted_revision DESC LIMIT 1`,
    keyspace,
    shard,
  )[0] ?? null;

/**
 * The last deletion of each of the shard's other records that history lists: Tablet by alias, ShardReplication by cell. Of a keyspace, whose
 * records are of no shard (''), SrvKeyspace by cell too.
 */
export const lastDeletions = (
  snapshot: Snapshot,
  { keyspace, shard }: ShardRef,
  kind: "tablet" | "shard_replication" | "keyspace" | "vschema" | "srv_keyspace",
  by: "alias" | "cell",
): readonly Deletion[] => {
  const newestFirst = snapshot.all<Deletion>(
    `${COLUMNS} AND d.kind = ? ORDER BY d.${by}, d.deleted_revision DESC`,
    keyspace,
    shard,
    kind,
  );
  return newestFirst.filter((deletion, at) => newestFirst[at - 1]?.[by] !== deletion[by]);
};

/** A shard without a record, with everything that is known of what still runs for it. */
export interface OrphanShard extends ShardRef {
  readonly processes: readonly Process[];
  /** Without those that share their alias with another process. */
  readonly primaries: readonly Process[];
  /** Every stream on it is an orphan: of the cancelled workflow, or a copy of a reference table's (docs/vitess.md#reference-copies). */
  readonly groups: readonly StreamGroup[];
  readonly deletion: Deletion | null;
  readonly tablets: readonly Deletion[];
  readonly replication: readonly Deletion[];
}

export const droppedShard = (snapshot: Snapshot, shard: ShardRef): OrphanShard => {
  const processes = processesOfShard(snapshot, shard.keyspace, shard.shard);
  const ambiguous = claimedTwice(processes);
  const single = processes.filter(({ alias }) => !ambiguous.has(alias));
  return {
    keyspace: shard.keyspace,
    shard: shard.shard,
    processes,
    primaries: single.filter(isPrimary),
    groups: single.flatMap((process) => groupsOn(snapshot, process)),
    deletion: shardDeletion(snapshot, shard),
    tablets: lastDeletions(snapshot, shard, "tablet", "alias"),
    replication: lastDeletions(snapshot, shard, "shard_replication", "cell"),
  };
};

/** Streams that a call can reach: the engine of a tablet that is not PRIMARY is closed (docs/vitess.md#vreplicationexec). */
export const reachable = (group: StreamGroup): boolean => isPrimary(group.process);

/** Whether etcd's history still shows all that the operation deleted: it reaches back to before its lock was taken. */
export const historyCovers = (snapshot: Snapshot, { deletion }: OrphanShard): boolean => {
  if (deletion === null) return false;
  const [start] = snapshot.all<{ locked: number | null; horizon: number | null }>(
    `SELECT s.horizon, (SELECT mod_revision FROM topo_history_lock l
       WHERE l.server = s.server AND l.deleted_revision = ? AND l.key = ?) AS locked
     FROM topo_server s WHERE s.server = ?`,
    deletion.deletedRevision,
    deletion.lockKey,
    deletion.server,
  );
  return (start?.horizon ?? 0) <= (start?.locked ?? deletion.createRevision);
};

export interface OrphanTarget extends ShardRef {
  readonly finding: string | null;
}

/**
 * The shards that findings are about; a finding of a tablet or a stream leads to the shard that its process says it is of, one of a
 * stream without its source, which follows from the source's, to the source, and one of a keyspace to all that runs of it.
 */
export const orphanTargets = (snapshot: Snapshot, findings: readonly Named[]): readonly OrphanTarget[] => {
  const ofShards = findings.filter((finding) => !("alias" in finding.object || "address" in finding.object));
  const others = findings.filter((finding) => !ofShards.includes(finding));
  // Later ones win where two name one shard, so that the plan speaks of the shard's own finding.
  const targets = [...others, ...ofShards].flatMap((finding) => targetOf(snapshot, finding));
  return [...new Map(targets.map((target) => [shardName(target), target])).values()].sort(orderShards);
};

const targetOf = (snapshot: Snapshot, finding: Named): readonly OrphanTarget[] => {
  const { alias, address, source_keyspace, source_shard } = finding.object;
  const { keyspace = source_keyspace, shard = source_shard } =
    source_shard === undefined ? finding.object : {};
  if (keyspace !== undefined && shard !== undefined) return [{ keyspace, shard, finding: finding.id }];
  const named =
    alias === undefined && address === undefined && keyspace !== undefined
      ? processesOfKeyspace(snapshot, keyspace)
      : processesNamed(snapshot, alias, address);
  return named.map((process) => ({
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

/** Tablets that the shard had when it was dropped, and that do not answer now. */
export const silentMembers = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] =>
  memberAliases(orphan)
    .filter((alias) => !orphan.processes.some((process) => process.alias === alias))
    .filter((alias) => !registeredElsewhere(snapshot, orphan, alias));

export interface Deletions {
  readonly tablet: Deletion | null;
  readonly shard: Deletion | null;
}

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

/** A workflow that a cancel has left half done, with the findings that are about it. */
interface HalfCancelled {
  readonly keyspace: string;
  readonly workflow: string;
  readonly findings: readonly string[];
}

/** A finding of a shard, a tablet or a stream is about the workflow that the shard was dropped with. */
export const halfCancelled = (
  snapshot: Snapshot,
  findings: readonly { readonly object: Named["object"]; readonly id: string }[],
): readonly HalfCancelled[] => {
  const byName = new Map<string, HalfCancelled>();
  for (const finding of findings)
    for (const { keyspace, workflow } of workflowsNamed(snapshot, finding)) {
      const name = `${keyspace}.${workflow}`;
      const before = byName.get(name)?.findings ?? [];
      byName.set(name, { keyspace, workflow, findings: [...before, finding.id] });
    }
  return [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
};

const workflowsNamed = (
  snapshot: Snapshot,
  finding: Named,
): readonly { readonly keyspace: string; readonly workflow: string }[] => {
  const { keyspace, workflow, shard } = finding.object;
  return keyspace !== undefined && workflow !== undefined && shard === undefined
    ? [{ keyspace, workflow }]
    : orphanTargets(snapshot, [finding]).flatMap((target) =>
        snapshot.rows("cancelled_target", { keyspace: target.keyspace, shard: target.shard }),
      );
};
