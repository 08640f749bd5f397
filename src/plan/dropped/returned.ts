import { formatAlias } from "../../cluster/alias.js";
import { CLOCK_SKEW_S } from "../../snapshot/derive/operation-limits.js";
import type { TabletRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShard } from "../../topology/records.js";
import type { DraftStage, Obstacle, ShardRequest } from "../draft.js";
import { endStreams, keySteps, vdiffSteps } from "../end-streams.js";
import { droppedShard, type OrphanShard } from "../facts/dropped-shard.js";
import { type Process, tabletRef } from "../facts/processes.js";
import { type StreamGroup, streamRows } from "../facts/stream-facts.js";
import { type ShardRef, shardName, shardRecords } from "../facts/topology.js";
import { tabletRecordKey } from "./retirement.js";

/** A shard that was dropped and exists again. */
export interface Returned extends OrphanShard {
  /** Streams from before the deletion: every one where there is no primary, as none can have been created since. */
  readonly old: readonly StreamGroup[];
  readonly kept: readonly StreamGroup[];
}

export const returnedShard = (snapshot: Snapshot, shard: ShardRef): Returned => {
  const orphan = droppedShard(snapshot, shard);
  const isOld = (group: StreamGroup): boolean =>
    orphan.primaries.length === 0 ||
    group.streams.every(({ address, id }) => bornBefore(snapshot, shard, address, id));
  return {
    ...orphan,
    old: orphan.groups.filter(isOld),
    kept: orphan.groups.filter((group) => !isOld(group)),
  };
};

/** By its own log row and the time of the lock under which the shard was dropped, further apart than two hosts' clocks. */
const bornBefore = (
  snapshot: Snapshot,
  { keyspace, shard }: ShardRef,
  address: string,
  id: number,
): boolean =>
  snapshot.all(
    `SELECT 1 FROM vreplication v JOIN deletion d ON d.kind = 'shard' AND d.keyspace = ? AND d.shard = ?
     WHERE v.address = ? AND v.id = ? AND v.created_at <= d.lock_taken_at - ?
       AND d.deleted_revision = (SELECT max(deleted_revision) FROM deletion WHERE kind = 'shard' AND keyspace = d.keyspace AND shard = d.shard)`,
    keyspace,
    shard,
    address,
    id,
    CLOCK_SKEW_S,
  ).length > 0;

/** Old rows that no engine has and that SQL can reach, where the shard has no primary. */
const clearableRows = (shard: Returned): readonly StreamGroup[] =>
  shard.old.filter(({ process }) => process.readOnly !== 1);

export const unreachableRows = (shard: Returned): readonly StreamGroup[] =>
  shard.primaries.length > 0 ? [] : shard.old.filter(({ process }) => process.readOnly === 1);

/** A tablet of the shard: by its record, by ShardReplication, or by its process. */
export interface Member {
  readonly alias: string;
  readonly record: TabletFact | null;
  /** Null where it does not answer. */
  readonly process: Process | null;
}

interface TabletFact {
  readonly server: string;
  readonly key: string;
  readonly type: string;
  /** `host:port`; empty where the process has ended and said so (docs/vitess.md#shutdown). */
  readonly address: string;
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly mysqlHost: string;
  readonly mysqlPort: number;
}

export const membersOf = (snapshot: Snapshot, shard: Returned): readonly Member[] => {
  const of = { keyspace: shard.keyspace, shard: shard.shard };
  const records = new Map(snapshot.rows("tablet", of).map((row) => [row.alias, tabletFact(row)]));
  const listed = snapshot.rows("shard_replication", of);
  const processes = new Map(shard.processes.map((process) => [process.alias, process]));
  return [...new Set([...records.keys(), ...listed.map(({ alias }) => alias), ...processes.keys()])]
    .sort()
    .map((alias) => ({
      alias,
      record: records.get(alias) ?? null,
      process: processes.get(alias) ?? null,
    }));
};

const tabletFact = (row: TabletRow): TabletFact => ({
  server: row.server,
  key: row.key,
  type: row.type,
  address: row.hostname === "" ? "" : `${row.hostname}:${row.grpc_port}`,
  host: row.hostname,
  grpcPort: row.grpc_port,
  httpPort: row.http_port,
  mysqlHost: row.mysql_host,
  mysqlPort: row.mysql_port,
});

/** While no engine has them. */
const rowStage = (snapshot: Snapshot, shard: Returned): DraftStage => {
  const at = recordOf(snapshot, shard);
  return {
    title: `Clear the old rows of ${shardName(shard)} while it has no primary`,
    locks: [{ kind: "shard", keyspace: shard.keyspace, shard: shard.shard }],
    steps:
      at === null
        ? []
        : [
            ...keySteps(snapshot, shard.old, { apply: false }),
            ...clearableRows(shard).map((group) => ({
              kind: "row.clear" as const,
              tablet: tabletRef(snapshot, group.process),
              peers: shard.processes.map((process) => tabletRef(snapshot, process)),
              workflow: group.workflow,
              dbName: group.dbName,
              rows: streamRows(snapshot, group),
              ...at,
            })),
          ],
  };
};

/** Through its primary; without one, by SQL. */
export const withoutStreams = (snapshot: Snapshot, shard: Returned): DraftStage =>
  shard.primaries.length === 0
    ? rowStage(snapshot, shard)
    : endStreams(snapshot, {
        title: `Stop and delete the old streams of ${shardName(shard)}, which run again`,
        shards: [shard],
        groups: shard.old,
        reverse: [],
        vdiffs: shard.primaries.flatMap((primary) =>
          vdiffSteps(
            snapshot,
            primary,
            shard.old.map(({ workflow }) => workflow),
          ),
        ),
      });

/** Null where it has a primary, or where nobody is there to elect or to be elected. */
export const electionStage = (
  snapshot: Snapshot,
  shard: Returned,
  { vtctld }: ShardRequest,
): DraftStage | null => {
  const next = candidate(shard);
  const record = next === null ? null : tabletRecordKey(snapshot, next);
  const at = recordOf(snapshot, shard);
  if (shard.primaries.length > 0 || vtctld === null || next === null || record === null || at === null)
    return null;
  const { keyspace, shard: name } = shard;
  const { alias } = next;
  return {
    title: `Give ${shardName(shard)} a primary`,
    locks: [],
    steps: [{ kind: "shard.elect", keyspace, shard: name, ...at, alias, record, vtctld }],
  };
};

const recordOf = (snapshot: Snapshot, { keyspace, shard }: ShardRef) => {
  const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
  return record === undefined ? null : { server: record.server, key: record.key };
};

/** Who should be primary: who was when the shard was dropped, else who takes writes; its MySQL has every transaction of the shard. */
const candidate = (shard: OrphanShard): Process | null => {
  const dropped = shard.deletion === null ? null : decodeShard(shard.deletion.value);
  const alias = dropped?.kind === "answered" ? dropped.value.primaryAlias : undefined;
  const before = alias === undefined ? null : formatAlias(alias);
  const fit = shard.processes.filter(({ type }) => type === "REPLICA" || type === "PRIMARY");
  return (
    fit.find((process) => process.alias === before) ??
    fit.find((process) => process.readOnly === 0) ??
    fit[0] ??
    null
  );
};

const electCommand = (shard: OrphanShard): string => {
  const [name, elected] = [shardName(shard), candidate(shard)?.alias ?? "ALIAS"];
  return `vtctldclient PlannedReparentShard ${name} --new-primary ${elected}`;
};

/** Where no step elects one. */
export const unelected = (shard: OrphanShard): Obstacle => ({
  reason: `${shardName(shard)} still has no primary when its rows are cleared, and elections are vtctld's`,
  instead: `${electCommand(shard)}, or give --server HOST:PORT and vtdoctor lets vtctld do it`,
});

export const keptNotes = ({ kept }: Returned): readonly string[] =>
  kept.map(
    (group) =>
      `${group.workflow} on ${group.process.alias} is not clearly older than the deletion of the shard: it stays as it is`,
  );
