import { distinct } from "../cluster/distinct.js";
import { IncompleteError, RefusedError, UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { judgeCancel } from "./cancel/forbidden.js";
import { cancelDraft, type HoldSchema } from "./cancel/sequence.js";
import { brokenParts, cancelSubject, intactPart, named, partsOf, refuseBroken } from "./cancel/subject.js";
import { cancelType } from "./cancel/types/cancel-registry.js";
import type { CancelSubject } from "./cancel/types/cancel-type.js";
import {
  type CancelRequest,
  type Draft,
  EMPTY_DRAFT,
  joinDrafts,
  type Obstacle,
  type ShardRequest,
  worthRunning,
} from "./draft.js";
import { unreachableTargets } from "./dropped/targets.js";
import { vdiffSteps } from "./end-streams.js";
import { isPrimary, type Process, processAt } from "./facts/processes.js";
import { keyspaceRecord, type ShardRef, shardName } from "./facts/topology.js";
import { orphanShard } from "./recipes/orphan-shard.js";
import { refuseOlderSnapshot, refuseRestoredTopology } from "./unfit-snapshot.js";

/**
 * The corrected cancel of one workflow, on any Vitess version (docs/decisions.md#d16): guards first, then stop everywhere, prove it, data,
 * denials, reverse streams, rules, and the rows last. Shard and Tablet records are never deleted. A workflow whose targets a native cancel
 * has already dropped is handed to the orphan-shard recipe. `holdSchema`: the schema that keeps
 * what is moved aside, of the workflow's first database, its second, and so on.
 *
 * Throws `RefusedError` that names the fact that forbids it, `UsageError` for an unknown keyspace or workflow, or options that contradict each other,
 * `IncompleteError` where a silent source could hide the workflow.
 */
export const cancelRepair = (snapshot: Snapshot, request: CancelRequest, holdSchema: HoldSchema): Draft => {
  checkOptions(request);
  const draft = draftFor(snapshot, request, holdSchema);
  if (draft.stages.length > 0) refuseOlderSnapshot(snapshot);
  if (draft.stages.length > 0) refuseRestoredTopology(snapshot, request.restoredTopologyConfirmed);
  return draft;
};

const draftFor = (snapshot: Snapshot, request: CancelRequest, holdSchema: HoldSchema): Draft => {
  const subject = cancelSubject(snapshot, request.keyspace, request.workflow);
  if (subject === null) return residue(snapshot, request);
  refuseForeignTargets(request, subject);
  const parts = partsOf(snapshot, subject);
  const broken = brokenParts(snapshot, subject, parts, {
    ...leaving(request),
    vtctld: request.vtctld,
  });
  const silent = { ...EMPTY_DRAFT, blocked: unreachableTargets(snapshot, subject.targets) };
  if (parts.intact.length === 0) return joinDrafts([broken, silent]);
  const name = `${subject.keyspace}.${subject.workflow}`;
  refuseBroken(name, broken, parts);
  const intact = intactPart(subject, parts, broken);
  const keepsData = cancelType(subject.kind)?.keepsData === true && !request.purge;
  const options = { ...request, keep: request.keepData ?? keepsData, holdSchema };
  const verdict = judgeCancel(snapshot, intact, options.keep);
  if (verdict.kind === "forbidden") throw refusedFor(`${name} can not be cancelled`, verdict.refusals);
  const cancel = cancelDraft(snapshot, verdict.subject, options);
  const { retire } = request;
  const { retirement } = verdict.subject.type;
  if (retire === null || retirement === null) return joinDrafts([broken, silent, cancel]);
  const kept = retirement.refusals(snapshot, verdict.subject, retire);
  if (kept.length > 0) throw refusedFor(`the targets of ${name} can not be retired`, kept);
  const leave = retirement.draft(snapshot, verdict.subject, { stopping: retire, purge: request.purge });
  return joinDrafts([broken, silent, cancel, leave]);
};

/** What is left of shards that a cancel dropped goes the way of the targets. */
const leaving = ({ retire }: CancelRequest): Pick<ShardRequest, "orphans" | "stopping"> => ({
  orphans: retire === null ? null : "retire",
  stopping: retire,
});

/** Throws `UsageError` where the targets serve more than the workflow. */
const refuseForeignTargets = (
  { retire }: CancelRequest,
  { kind, keyspace, workflow }: CancelSubject,
): void => {
  if (retire === null || cancelType(kind)?.retirement !== null) return;
  throw new UsageError(
    `--retire-targets takes the target shards of a Reshard away, and ${keyspace}.${workflow} is a ${kind}, whose target shards serve the rest of ${keyspace} too: leave --retire-targets out`,
  );
};

/** Throws `UsageError` where two options contradict each other. */
const checkOptions = (request: CancelRequest): void => {
  if (request.purge && request.keepData === true)
    throw new UsageError("--purge drops the copied tables and --keep-data keeps them: give one of the two");
  if (request.restoreSecondaryKeys && request.keepData !== true)
    throw new UsageError("--restore-secondary-keys works on the tables that --keep-data keeps: give both");
};

/** Every fact that was found, and the way out of the first. */
const refusedFor = (what: string, refusals: readonly Obstacle[]): RefusedError => {
  const facts = [...new Set(refusals.map((refusal) => refusal.reason))].join("; ");
  return new RefusedError(`${what}: ${facts}. Instead: ${refusals[0]?.instead}.`);
};

/**
 * What is left of a workflow that has no streams (any more): orphaned targets of its cancel, VDiff reports; else nothing, which is
 * right only with `--missing-ok`. Throws `UsageError` for an unknown keyspace or workflow, `IncompleteError` where a tablet that
 * did not answer could have its streams.
 */
const residue = (snapshot: Snapshot, request: CancelRequest): Draft => {
  refuseUnknownKeyspace(snapshot, request.keyspace);
  const orphans = droppedShards(snapshot, request);
  if (orphans.length > 0)
    return joinDrafts(
      orphanShard.drafts(snapshot, orphans.map(named), {
        ...leaving(request),
        vtctld: request.vtctld,
      }),
    );
  refuseSilence(snapshot, request);
  const holders = vdiffHolders(snapshot, request);
  if (holders.length === 0) return nothing(snapshot, request);
  return {
    ...EMPTY_DRAFT,
    stages: worthRunning([
      {
        title: `Delete what is left of ${request.keyspace}.${request.workflow}`,
        locks: [{ kind: "workflow", keyspace: request.keyspace, workflow: request.workflow }],
        steps: holders.flatMap((process) => vdiffSteps(snapshot, process, [request.workflow])),
      },
    ]),
    notes: [
      `${request.keyspace}.${request.workflow} has no streams; only VDiff reports are left of it`,
      ...(request.retire === null ? [] : [unknownTargets(request.keyspace)]),
    ],
  };
};

const refuseUnknownKeyspace = (snapshot: Snapshot, keyspace: string): void => {
  if (keyspaceRecord(snapshot, keyspace) !== null) return;
  const known = snapshot.rows("keyspace").map((row) => row.keyspace);
  const list = known.length === 0 ? "The cluster has none." : `The cluster has ${known.join(", ")}.`;
  throw new UsageError(`there is no keyspace ${keyspace}.${didYouMean(keyspace, known)} ${list}`);
};

/**
 * Shards that a cancel of this workflow dropped and that still have processes; its streams may be deleted already
 * (docs/vitess.md#legacy-cancel).
 */
const droppedShards = (snapshot: Snapshot, request: CancelRequest): readonly ShardRef[] =>
  snapshot.all<ShardRef>(
    `SELECT DISTINCT d.keyspace, d.shard FROM deletion d
     JOIN process p ON p.keyspace = d.keyspace AND p.shard = d.shard AND p.same_cluster = 1 AND p.shard_record = 'absent'
     WHERE d.kind = 'shard' AND d.operation = 'cancel' AND d.recreated = 0 AND d.keyspace = ? AND d.workflow = ?
     ORDER BY d.keyspace, d.shard`,
    request.keyspace,
    request.workflow,
  );

const refuseSilence = (snapshot: Snapshot, request: CancelRequest): void => {
  const [silent] = snapshot.all<{ domain: string; subject: string; message: string }>(
    `SELECT domain, subject, message FROM unanswered
     WHERE required = 1 AND (domain IN ('topology', 'cell') OR (domain IN ('tablet', 'sidecar') AND keyspace = ?))
     ORDER BY domain DESC, subject`,
    request.keyspace,
  );
  if (silent === undefined) return;
  throw new IncompleteError(
    `no stream of ${request.keyspace}.${request.workflow} was seen, but ${silent.domain} ${silent.subject} did not answer (${silent.message}) and may have one: make it answer, then plan again`,
  );
};

const vdiffHolders = (snapshot: Snapshot, request: CancelRequest): readonly Process[] =>
  distinct(
    snapshot
      .rows("vdiff", { keyspace: request.keyspace, workflow: request.workflow })
      .map(({ address }) => address),
  )
    .map((address) => processAt(snapshot, address))
    .filter((process) => process !== null)
    .filter(isPrimary);

/** Neither the workflow nor anything of it: a slip of the hand, unless `--missing-ok` says that it may be so. */
const nothing = (snapshot: Snapshot, { keyspace, workflow, missingOk, retire }: CancelRequest): Draft => {
  const known = snapshot.rows("workflow", { keyspace }).map((row) => row.workflow);
  const drops = [...unnamedDrops(snapshot, keyspace), ...(retire === null ? [] : [unknownTargets(keyspace)])];
  const words = `${keyspace} has no workflow ${workflow}, and nothing is left of one; it has ${known.join(", ") || "none"}`;
  if (missingOk) return { ...EMPTY_DRAFT, notes: [...drops, `nothing to do: ${words}`] };
  throw new UsageError(
    `${[`${words}.${didYouMean(workflow, known)}`, ...drops.map((drop) => `${drop}.`)].join(" ")} With --missing-ok this is no error.`,
  );
};

const unknownTargets = (keyspace: string): string =>
  `the streams alone said which shards were its targets, so --retire-targets retires none: a shard that serves nothing and that no workflow uses is found by vtdoctor scan --keyspace ${keyspace} (cancelled-workflow-target-residue), which says how it leaves`;

/** A legacy cancel deletes the streams and names no workflow (docs/vitess.md#legacy-cancel): it may or may not have been this one. */
const unnamedDrops = (snapshot: Snapshot, keyspace: string): readonly string[] =>
  snapshot
    .all<ShardRef>(
      `SELECT DISTINCT d.keyspace, d.shard FROM deletion d
       JOIN process p ON p.keyspace = d.keyspace AND p.shard = d.shard AND p.same_cluster = 1 AND p.shard_record = 'absent'
       WHERE d.kind = 'shard' AND d.operation = 'cancel' AND d.recreated = 0 AND d.keyspace = ? AND d.workflow = ''
       ORDER BY d.shard`,
      keyspace,
    )
    .map(
      (shard) =>
        `a cancel of some workflow dropped ${shardName(shard)}, whose tablets still run: vtdoctor fix shard-missing-live-tablets@${shardName(shard)}`,
    );
