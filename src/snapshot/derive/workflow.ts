import { migrationId } from "../../cluster/journal.js";
import type { Facts } from "../facts.js";
import type { ProcessRow, StreamRow, WorkflowRow } from "../gen/tables.js";
import type { WorkflowShards } from "./deletion-lock.js";
import { sortedJson } from "./global-records.js";
import { byText, groupBy } from "./order.js";
import { type Evidence, phaseOf } from "./workflow-phase.js";

/** A logical workflow: the streams of one name into one keyspace. */
export interface WorkflowStreams {
  readonly keyspace: string;
  readonly workflow: string;
  readonly kind: string;
  readonly migration: "shards" | "tables";
  readonly sourceKeyspace: string;
  readonly streams: readonly StreamRow[];
  readonly targetShards: readonly string[];
  readonly sourceShards: readonly string[];
  readonly partner: string;
  readonly isReverse: boolean;
  readonly migrationId: string;
  readonly journalFound: boolean;
}

export const deriveWorkflows = (
  facts: Facts,
  streams: readonly StreamRow[],
  processes: readonly ProcessRow[],
  evidence: Evidence,
): readonly WorkflowRow[] => {
  const hasJournal = journals(facts, processes);
  const groups = groupBy(streams, ({ keyspace, workflow }) => JSON.stringify([keyspace, workflow]));
  return [...groups.values()].map((group) => {
    const found = workflowOf(group, hasJournal);
    return {
      keyspace: found.keyspace,
      workflow: found.workflow,
      kind: found.kind,
      migration: found.migration,
      source_keyspace: found.sourceKeyspace,
      phase: phaseOf(found, evidence),
      is_reverse: Number(found.isReverse),
      streams: group.length,
      active: group.filter(({ active }) => active === 1).length,
      migration_id: found.migrationId,
      journal_found: Number(found.journalFound),
      target_shards_json: sortedJson(found.targetShards),
      source_shards_json: sortedJson(found.sourceShards),
    };
  });
};

const REVERSE = "_reverse";

/** The name that its counterpart has in the source keyspace (workflow/utils.go ReverseWorkflowName). */
export const partnerOf = (workflow: string): string =>
  workflow.endsWith(REVERSE) ? workflow.slice(0, -REVERSE.length) : workflow + REVERSE;

const workflowOf = (group: readonly StreamRow[], hasJournal: JournalLookup): WorkflowStreams => {
  const streams = group.toSorted(byText(({ shard, address, id }) => `${shard} ${address} ${id}`));
  const { keyspace, workflow, kind } = streams[0] ?? NOTHING;
  const sourceKeyspace =
    streams.map(({ source_keyspace }) => source_keyspace).find((name) => name !== "") ?? "";
  const targetShards = [...new Set(streams.map(({ shard }) => shard))];
  const sourceShards = [...new Set(streams.map(({ source_shard }) => source_shard))].filter(
    (name) => name !== "",
  );
  const isReverse = workflow.endsWith(REVERSE);
  const id = migrationId(keyspace, streams);
  const inside = streams.every(
    ({ source_keyspace, source_external }) => source_keyspace === keyspace && source_external === "",
  );
  return {
    keyspace,
    workflow,
    kind,
    migration: inside && !sourceShards.some((shard) => targetShards.includes(shard)) ? "shards" : "tables",
    sourceKeyspace,
    streams,
    targetShards,
    sourceShards,
    partner: partnerOf(workflow),
    isReverse,
    migrationId: id,
    journalFound: hasJournal(sourceKeyspace, sourceShards, id),
  };
};

const NOTHING = { keyspace: "", workflow: "", kind: "" };

type JournalLookup = (keyspace: string, shards: readonly string[], id: string) => boolean;

/** Journals stay on every tablet of a source shard, long after their switch (docs/vitess.md#journals-stay). */
const journals = (facts: Facts, processes: readonly ProcessRow[]): JournalLookup => {
  const shards = new Map(
    processes
      .filter(({ same_cluster }) => same_cluster === 1)
      .map(({ address, keyspace, shard }) => [address, `${keyspace}/${shard}`]),
  );
  const found = new Set(
    facts.resharding_journal.map(({ address, id }) => `${shards.get(address) ?? address} ${id}`),
  );
  return (keyspace, sourceShards, id) =>
    sourceShards.some((shard) => found.has(`${keyspace}/${shard} ${id}`));
};

/** Which shards belong to a workflow, as far as its streams are left; for deletions, which workflows rest on. */
export const workflowShards = (streams: readonly StreamRow[]): WorkflowShards => {
  const byShard = groupBy(streams, ({ keyspace, shard }) => `${keyspace}/${shard}`);
  const byName = groupBy(streams, ({ keyspace, workflow }) => JSON.stringify([keyspace, workflow]));
  return {
    into: (keyspace, shard) => {
      const [only, ...others] = new Set(byShard.get(`${keyspace}/${shard}`)?.map(({ workflow }) => workflow));
      return others.length === 0 ? (only ?? "") : "";
    },
    of: (keyspace, workflow) => {
      const own = [workflow, partnerOf(workflow)].flatMap(
        (name) => byName.get(JSON.stringify([keyspace, name])) ?? [],
      );
      if (own.length === 0) return null;
      const inside = own.filter(
        ({ source_keyspace, source_external }) => source_keyspace === keyspace && source_external === "",
      );
      return new Set(inside.flatMap(({ shard, source_shard }) => [shard, source_shard]));
    },
  };
};
