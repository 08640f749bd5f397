import { formatAlias } from "../../cluster/alias.js";
import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShard } from "../../topology/records.js";
import type { FixRequest, ShardRequest } from "../context.js";
import { type Draft, type DraftStage, EMPTY_DRAFT, joinDrafts, worthRunning } from "../draft.js";
import { retireNotes, retireReads, retireStages } from "../dropped/removal.js";
import { tabletSteps } from "../dropped/restore-records.js";
import { tabletRecordKey } from "../dropped/retirement.js";
import { clearableRows, type Returned, returnedShard } from "../dropped/returned.js";
import { whatForbids } from "../dropped/returned-obstacles.js";
import {
  deleteSteps,
  goneSteps,
  keyNotes,
  keySteps,
  stopSteps,
  streamLocks,
  vdiffSteps,
} from "../end-streams.js";
import type { OrphanShard } from "../view/dropped-shard.js";
import { type Process, tabletRef } from "../view/processes.js";
import { keyspaceLocks, orderShards, type ShardRef, shardName, shardRecords } from "../view/shards.js";
import { streamRead, streamRows } from "../view/streams.js";

/**
 * Shards that were dropped and that a restarted vttablet brought back (scene S5; docs/vitess.md#restarted-orphans). Without a primary every
 * engine is closed: the old rows are cleared by SQL under the shard's lock. With one, which VTOrc elects within seconds, the old streams
 * run again and end through it. Then tablets that were not restarted get their records back, and the shard its primary; or, where the
 * operator says so, the vttablets end and the records go.
 */
export const returnedShards = (
  snapshot: Snapshot,
  findings: readonly Finding[],
  request: FixRequest,
): Draft => {
  const targets = new Map(
    findings.flatMap((finding) => {
      const { keyspace, shard } = finding.object;
      return keyspace === undefined || shard === undefined
        ? []
        : [[shardName({ keyspace, shard }), { keyspace, shard }] as const];
    }),
  );
  return joinDrafts(
    [...targets.values()].sort(orderShards).map((target) => {
      const own = findings.filter(
        ({ object }) => object.keyspace === target.keyspace && object.shard === target.shard,
      );
      return returnedShardDraft(
        snapshot,
        target,
        own.map(({ id }) => id),
        request,
      );
    }),
  );
};

/** `ids`: the findings that are about it. */
export const returnedShardDraft = (
  snapshot: Snapshot,
  target: ShardRef,
  ids: readonly string[],
  request: ShardRequest,
): Draft => {
  if (request.orphans === "leave") return EMPTY_DRAFT;
  const shard = returnedShard(snapshot, target);
  const forbidden = whatForbids(snapshot, shard, request);
  const at = { object: { keyspace: shard.keyspace, shard: shard.shard }, finding: ids[0] ?? null };
  if (forbidden.length > 0)
    return { ...EMPTY_DRAFT, blocked: forbidden.map((obstacle) => ({ ...at, ...obstacle })) };
  const retires = request.orphans === "retire";
  const election = retires ? null : electionStage(snapshot, shard, request);
  const hasEnd = retires || shard.primaries.length > 0 || election !== null;
  return {
    repairs: hasEnd ? ids : [],
    stages: worthRunning([
      shard.primaries.length > 0 ? streamStage(snapshot, shard) : rowStage(snapshot, shard),
      ...(retires
        ? retireStages(snapshot, shard, request)
        : [
            {
              title: `Put the records of the tablets of ${shardName(shard)} back that were not restarted`,
              locks: keyspaceLocks(snapshot, [shard.keyspace]),
              steps: tabletSteps(snapshot, shard),
            },
            ...(election === null ? [] : [election]),
          ]),
    ]),
    reads: [
      ...shard.old.map((group) => streamRead(snapshot, group)),
      ...(retires ? retireReads(snapshot, shard) : []),
    ],
    blocked: hasEnd
      ? []
      : [
          {
            ...at,
            reason: `${shardName(shard)} still has no primary when its rows are cleared, and elections are vtctld's`,
            instead: `${electCommand(shard)}, or give --server HOST:PORT and vtdoctor lets vtctld do it`,
          },
        ],
    notes: [
      ...keyNotes(snapshot, shard.old, ""),
      ...(retires
        ? retireNotes(snapshot, shard)
        : shard.kept.map(
            (group) =>
              `${group.workflow} on ${group.process.alias} is not clearly older than the deletion of the shard: it stays as it is`,
          )),
    ],
  };
};

const streamStage = (snapshot: Snapshot, shard: Returned): DraftStage => ({
  title: `Stop and delete the old streams of ${shardName(shard)}, which run again`,
  locks: streamLocks(snapshot, [shard], shard.old),
  steps: [
    ...stopSteps(
      snapshot,
      shard.old,
      () => true,
      shard.primaries.flatMap((primary) =>
        vdiffSteps(
          snapshot,
          primary,
          shard.old.map(({ workflow }) => workflow),
        ),
      ),
    ),
    ...keySteps(snapshot, shard.old, { apply: false }),
    ...deleteSteps(snapshot, shard.old),
    ...goneSteps(snapshot, shard.old),
  ],
});

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

/** Null where it has a primary, or where nobody is there to elect or to be elected. */
const electionStage = (snapshot: Snapshot, shard: Returned, { vtctld }: ShardRequest): DraftStage | null => {
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

const electCommand = (shard: OrphanShard): string =>
  `vtctldclient PlannedReparentShard ${shardName(shard)} --new-primary ${candidate(shard)?.alias ?? "ALIAS"}`;
