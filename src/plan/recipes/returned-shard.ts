import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { FixRequest } from "../context.js";
import { type Draft, joinDrafts, worthRunning } from "../draft.js";
import { tabletRef } from "../view/processes.js";
import { orderShards, type ShardRef, shardName, shardRecords } from "../view/shards.js";
import { streamRead, streamRows } from "../view/streams.js";
import { keyspaceLocks, streamLocks } from "./orphan/locks.js";
import { tabletSteps } from "./orphan/restore.js";
import { tabletRecordKey } from "./orphan/retire.js";
import { returnedShard } from "./returned/inspect.js";
import { type Asked, whatForbids } from "./returned/preconditions.js";
import { candidate, electCommand } from "./returned/primary.js";
import { deleteSteps, goneSteps, stopSteps, vdiffSteps } from "./streams-away.js";

/**
 * Shards that were dropped and that a restarted vttablet brought back (scene S5; `cancel-path.md` 3.4). Without a primary every engine is
 * closed: the old rows are cleared by SQL under the shard's lock. With one, which VTOrc elects within seconds, the old streams run again
 * and end through it. Then tablets that were not restarted get their records back, and the shard its primary.
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
  request: Asked,
): Draft => {
  const shard = returnedShard(snapshot, target);
  const name = shardName(shard);
  const forbidden = whatForbids(snapshot, shard, request);
  const at = { object: { keyspace: shard.keyspace, shard: shard.shard }, finding: ids[0] ?? null };
  if (request.orphans === "leave") return { repairs: [], stages: [], reads: [], blocked: [], notes: [] };
  if (forbidden.length > 0)
    return {
      repairs: [],
      stages: [],
      reads: [],
      blocked: forbidden.map((obstacle) => ({ ...at, ...obstacle })),
      notes: [],
    };
  const open = shard.primaries.length > 0;
  const next = candidate(shard);
  const nextRecord = next === null ? null : tabletRecordKey(snapshot, next);
  const elects = !open && next !== null && request.vtctld !== null;
  const key = shardRecords(snapshot, shard.keyspace).find((record) => record.shard === shard.shard);
  return {
    repairs: open || elects ? ids : [],
    stages: worthRunning([
      {
        title: `Stop and delete the old streams of ${name}, which run again`,
        locks: streamLocks(snapshot, [shard], shard.old),
        steps: open
          ? [
              ...stopSteps(snapshot, shard.old, () => true),
              ...deleteSteps(snapshot, shard.old),
              ...shard.primaries.flatMap((primary) =>
                vdiffSteps(
                  snapshot,
                  primary,
                  shard.old.map(({ workflow }) => workflow),
                ),
              ),
              ...goneSteps(snapshot, shard.old),
            ]
          : [],
      },
      {
        title: `Clear the old rows of ${name} while it has no primary`,
        locks: [{ kind: "shard", keyspace: shard.keyspace, shard: shard.shard }],
        steps:
          open || key === undefined
            ? []
            : shard.old.map((group) => ({
                kind: "row.clear",
                tablet: tabletRef(snapshot, group.process),
                peers: shard.processes.map((process) => tabletRef(snapshot, process)),
                workflow: group.workflow,
                dbName: group.dbName,
                rows: streamRows(snapshot, group),
                server: key.server,
                key: key.key,
              })),
      },
      {
        title: `Put the records of the tablets of ${name} back that were not restarted`,
        locks: keyspaceLocks(snapshot, [shard.keyspace]),
        steps: tabletSteps(snapshot, shard),
      },
      {
        title: `Give ${name} a primary`,
        locks: [],
        steps:
          elects && key !== undefined && request.vtctld !== null && nextRecord !== null
            ? [
                {
                  kind: "shard.elect",
                  keyspace: shard.keyspace,
                  shard: shard.shard,
                  server: key.server,
                  key: key.key,
                  alias: next.alias,
                  record: nextRecord,
                  vtctld: request.vtctld,
                },
              ]
            : [],
      },
    ]),
    reads: shard.old.map((group) => streamRead(snapshot, group)),
    blocked:
      open || elects
        ? []
        : [
            {
              ...at,
              reason: `${name} still has no primary when its rows are cleared, and elections are vtctld's`,
              instead: `${electCommand(shard)}, or give --server HOST:PORT and vtdoctor lets vtctld do it`,
            },
          ],
    notes: [
      ...shard.kept.map(
        (group) =>
          `${group.workflow} on ${group.process.alias} was created after the shard had been dropped: it stays as it is`,
      ),
    ],
  };
};
