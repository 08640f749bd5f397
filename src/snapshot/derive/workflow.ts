import { migrationId } from "../../cluster/journal.js";
import type { Facts } from "../facts.js";
import type { ProcessRow, StreamRow, SwitchSignRow, WorkflowRow } from "../gen/tables.js";
import type { WorkflowShards } from "./deletion-lock.js";
import { sortedJson } from "./global-records.js";
import { byText, groupBy } from "./order.js";
import { type Phase, progressOf, type SwitchLookups } from "./workflow-phase.js";
import type { WorkflowStreams } from "./workflow-streams.js";

export const deriveWorkflows = (
  facts: Facts,
  streams: readonly StreamRow[],
  processes: readonly ProcessRow[],
  lookups: SwitchLookups,
): { readonly workflow: readonly WorkflowRow[]; readonly switch_sign: readonly SwitchSignRow[] } => {
  const journalOf = journals(facts, processes);
  const groups = groupBy(streams, ({ keyspace, workflow }) => JSON.stringify([keyspace, workflow]));
  const found = [...groups.values()].map((group) => {
    const workflow = workflowOf(group, journalOf);
    return { workflow, progress: progressOf(workflow, lookups) };
  });
  return {
    workflow: found.map(({ workflow, progress }) => workflowRow(workflow, progress.phase)),
    switch_sign: found.flatMap(({ workflow: { keyspace, workflow }, progress }) =>
      progress.signs.map((sign, ordinal) => ({ keyspace, workflow, ordinal, ...sign })),
    ),
  };
};

const workflowRow = (found: WorkflowStreams, phase: Phase): WorkflowRow => ({
  keyspace: found.keyspace,
  workflow: found.workflow,
  kind: found.kind,
  migration: found.migration,
  source_keyspace: found.sourceKeyspace,
  phase,
  is_reverse: Number(found.isReverse),
  streams: found.streams.length,
  active: found.streams.filter(({ active }) => active === 1).length,
  migration_id: found.migrationId,
  journal_found: Number(found.journalFound),
  target_shards_json: sortedJson(found.targetShards),
  source_shards_json: sortedJson(found.sourceShards),
});

const REVERSE = "_reverse";

/** The name that its counterpart has in the source keyspace (workflow/utils.go ReverseWorkflowName). */
export const partnerOf = (workflow: string): string =>
  workflow.endsWith(REVERSE) ? workflow.slice(0, -REVERSE.length) : workflow + REVERSE;

const workflowOf = (group: readonly StreamRow[], journalOf: JournalLookup): WorkflowStreams => {
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
  const journal = journalOf(sourceKeyspace, sourceShards, id);
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
    journalFound: journal !== null,
    journalHolder: journal ?? "",
  };
};

const NOTHING = { keyspace: "", workflow: "", kind: "" };

/** The tablet that has the journal; null where none of those shards has. */
type JournalLookup = (keyspace: string, shards: readonly string[], id: string) => string | null;

/** Journals stay on every tablet of a source shard, long after their switch (docs/vitess.md#journals-stay). */
const journals = (facts: Facts, processes: readonly ProcessRow[]): JournalLookup => {
  const tablets = new Map(
    processes.filter(({ same_cluster }) => same_cluster === 1).map((process) => [process.address, process]),
  );
  const journals = facts.resharding_journal
    .flatMap(({ address, id }) => {
      const tablet = tablets.get(address);
      return tablet === undefined ? [] : [{ id, tablet }];
    })
    .sort(byText(({ tablet }) => `${tablet.type === "PRIMARY" ? 0 : 1} ${tablet.address}`));
  return (keyspace, sourceShards, id) =>
    journals.find(
      ({ id: found, tablet }) =>
        found === id && tablet.keyspace === keyspace && sourceShards.includes(tablet.shard),
    )?.tablet.alias ?? null;
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
