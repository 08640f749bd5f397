import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey } from "../../topology/paths.js";
import { type Draft, EMPTY_DRAFT, joinDrafts } from "../draft.js";
import { keyspaceLocks } from "../locks.js";
import type { Obstacle } from "../obstacle.js";
import type { Read } from "../plan.js";
import { keyRead } from "../view/keys.js";
import {
  isPrimary,
  type Process,
  probed,
  processAt,
  processesOfShard,
  tabletRef,
} from "../view/processes.js";
import { globalRoot } from "../view/roots.js";
import { servingReads } from "../view/serving.js";
import { shardName, shardRecords } from "../view/shards.js";
import { groupStreams, streamRead, streamsAt, streamsOfWorkflow } from "../view/streams.js";
import type { Recipe } from "./recipe.js";

interface Workflow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly sourceKeyspace: string;
  readonly phase: string;
  readonly sources: readonly string[];
}

interface Journal {
  readonly address: string;
  readonly id: string;
  readonly dbName: string;
  readonly val: string;
  readonly outrun: number | null;
}

/**
 * A journal that is not of the workflow whose id it has: it goes, on every source, before a switch reads it. The journal of a half-done
 * switch is the only way to end it, so without proof that none wrote it nothing is deleted (docs/vitess.md#journals-stay).
 */
export const staleJournal: Recipe = (snapshot, findings) =>
  joinDrafts(findings.map((finding) => draftOf(snapshot, finding)));

const draftOf = (snapshot: Snapshot, finding: Finding): Draft => {
  const workflow = workflowOf(snapshot, finding);
  if (workflow === null)
    return blocked(finding, { reason: "its workflow is gone", instead: "nothing: scan again" });
  const journals = journalsOf(snapshot, workflow);
  const primaries = journals.flatMap(({ address }) => processAt(snapshot, address) ?? []);
  const obstacle =
    notProven(workflow, journals) ?? notSeen(snapshot, workflow) ?? notPrimary(workflow, journals, primaries);
  return obstacle === null ? deletion(snapshot, finding, workflow, journals) : blocked(finding, obstacle);
};

const workflowOf = (snapshot: Snapshot, { object }: Finding): Workflow | null => {
  const [row] = snapshot.rows("workflow", {
    keyspace: object.keyspace ?? "",
    workflow: object.workflow ?? "",
  });
  if (row === undefined) return null;
  const { keyspace, workflow, phase } = row;
  const sources = JSON.parse(row.source_shards_json) as readonly string[];
  return { keyspace, workflow, phase, sourceKeyspace: row.source_keyspace, sources };
};

const journalsOf = (snapshot: Snapshot, { keyspace, workflow }: Workflow): readonly Journal[] =>
  snapshot.all<Journal>(
    `SELECT j.address, j.id, j.db_name AS dbName, r.val, j.outrun
     FROM journal j JOIN resharding_journal r USING (address, id)
     WHERE j.workflow_keyspace = ? AND j.workflow = ? ORDER BY j.address`,
    keyspace,
    workflow,
  );

const UNSWITCHED = ["copying", "running", "reads-switched"];

const notProven = (workflow: Workflow, journals: readonly Journal[]): Obstacle | null => {
  const name = `${workflow.keyspace}.${workflow.workflow}`;
  if (!UNSWITCHED.includes(workflow.phase))
    return {
      reason: `${name} is ${workflow.phase}: that its journal is of an older switch is only proven while its streams run`,
      instead: "start its streams if no switch of it was begun, then scan again; else end that switch",
    };
  return journals.every(({ outrun }) => outrun === 1)
    ? null
    : {
        reason: `not every stream of ${name} is seen to run beyond the journal's position, so a switch of ${name} may have written it`,
        instead:
          "wait until every stream has applied what the source wrote since (a write on the source is enough), then scan again",
      };
};

/** Journals are written on every source shard; one that did not say may hold another. */
const notSeen = (snapshot: Snapshot, workflow: Workflow): Obstacle | null => {
  const silent = workflow.sources.filter(
    (shard) =>
      !processesOfShard(snapshot, workflow.sourceKeyspace, shard).some(
        (process) => isPrimary(process) && probed(snapshot, process.address, "journals"),
      ),
  );
  return silent.length === 0
    ? null
    : {
        reason: `the primary of ${silent.map((shard) => `${workflow.sourceKeyspace}/${shard}`).join(", ")} did not say which journals it has`,
        instead: "make it answer (see the scan's coverage), then plan again",
      };
};

const notPrimary = (
  workflow: Workflow,
  journals: readonly Journal[],
  processes: readonly Process[],
): Obstacle | null =>
  processes.length === journals.length && processes.every(isPrimary)
    ? null
    : {
        reason: `the journal of ${workflow.keyspace}.${workflow.workflow} was read from a tablet that is not PRIMARY, through which nothing can be deleted`,
        instead: "make the primary of its shard answer, then plan again",
      };

const deletion = (
  snapshot: Snapshot,
  finding: Finding,
  workflow: Workflow,
  journals: readonly Journal[],
): Draft => {
  const { server, root } = globalRoot(snapshot);
  const keyspaces = [...new Set([workflow.sourceKeyspace, workflow.keyspace])];
  const streams = streamsOfWorkflow(snapshot, workflow.keyspace, workflow.workflow);
  const targets = [...new Set(streams.map(({ address }) => address))].flatMap(
    (address) => processAt(snapshot, address) ?? [],
  );
  return {
    ...EMPTY_DRAFT,
    repairs: [finding.id],
    stages: [
      {
        title: `Delete the journal that the next switch of ${workflow.keyspace}.${workflow.workflow} would take for its own`,
        locks: [
          { kind: "workflow", keyspace: workflow.keyspace, workflow: workflow.workflow },
          ...keyspaceLocks(snapshot, keyspaces),
        ],
        steps: journals.flatMap(({ address, id, dbName, val }) => {
          const process = processAt(snapshot, address);
          return process === null
            ? []
            : [
                {
                  kind: "journal.delete",
                  tablet: tabletRef(snapshot, process),
                  dbName,
                  journal: id,
                  val,
                } as const,
              ];
        }),
      },
    ],
    reads: [
      ...keyspaces
        .flatMap((keyspace) => shardRecords(snapshot, keyspace))
        .map((shard) => keyRead(snapshot, shard.server, shard.key)),
      ...keyspaces.flatMap((keyspace) => servingReads(snapshot, keyspace)),
      keyRead(snapshot, server, routingRulesKey(root)),
      ...journals.flatMap(({ address, dbName }) => reverseRead(snapshot, workflow, address, dbName)),
      ...targets.flatMap((process) =>
        groupStreams(
          process,
          streams.filter((stream) => stream.address === process.address),
        ).map((group) => streamRead(snapshot, group)),
      ),
    ],
    notes: [
      `${workflow.keyspace}.${workflow.workflow} itself is not touched: after this its SwitchTraffic stops writes, catches up and writes a journal of its own (sources: ${workflow.sources.map((shard) => shardName({ keyspace: workflow.sourceKeyspace, shard })).join(", ")})`,
    ],
  };
};

/** Reverse streams appear in a switch, before its journal: there are none, and the tablet is still the primary. */
const reverseRead = (
  snapshot: Snapshot,
  { workflow }: Workflow,
  address: string,
  dbName: string,
): readonly Read[] => {
  const process = processAt(snapshot, address);
  if (process === null) return [];
  const name = `${workflow}_reverse`;
  const ids = streamsAt(snapshot, address)
    .filter((stream) => stream.workflow === name)
    .map(({ id }) => id);
  return [{ kind: "stream-rows", tablet: tabletRef(snapshot, process), workflow: name, dbName, ids }];
};

const blocked = ({ object, id }: Finding, obstacle: Obstacle): Draft => ({
  ...EMPTY_DRAFT,
  blocked: [{ object, finding: id, ...obstacle }],
});
