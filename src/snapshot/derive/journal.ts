import { type GtidSet, isBeyond, parseGtidSet } from "../../cluster/gtid-set.js";
import { type KeyspaceShard, parseJournal } from "../../cluster/journal.js";
import type { Facts } from "../facts.js";
import type {
  JournalRow,
  JournalShardRow,
  JournalTableRow,
  ProcessRow,
  StreamRow,
  WorkflowRow,
} from "../gen/tables.js";
import { distinctInKeyOrder } from "../key-order.js";
import { groupBy } from "./order.js";
import { neighboursRows } from "./shared-mysql.js";

/**
 * The journals of switches, with the workflow whose next switch would take each for its own: ids hash names that come again
 * (docs/vitess.md#journal-ids). Whether it is that workflow's own, half-done switch, the streams tell: a switch stops them before it writes
 * the journal, so streams that run beyond the journal's position were not stopped by it.
 */
export const deriveJournals = (
  facts: Facts,
  processes: readonly ProcessRow[],
  streams: readonly StreamRow[],
  workflows: readonly WorkflowRow[],
): readonly JournalRow[] => {
  const ours = new Map(
    processes.filter(({ same_cluster }) => same_cluster === 1).map((row) => [row.address, row]),
  );
  const byMigration = new Map(workflows.map((row) => [`${row.source_keyspace} ${row.migration_id}`, row]));
  const byWorkflow = groupBy(streams, ({ keyspace, workflow }) => JSON.stringify([keyspace, workflow]));
  const isNeighbours = neighboursRows(facts, processes);
  return facts.resharding_journal.flatMap(({ address, id, db_name, val }) => {
    const process = ours.get(address);
    if (process === undefined || isNeighbours({ address, db_name })) return [];
    const journal = parseJournal(val);
    const position = journal.kind === "answered" ? journal.value.localPosition : "";
    const workflow = claimedBy(byMigration.get(`${process.keyspace} ${id}`), process.shard);
    const members = byWorkflow.get(JSON.stringify([workflow?.keyspace, workflow?.workflow])) ?? [];
    return [
      {
        address,
        alias: process.alias,
        keyspace: process.keyspace,
        shard: process.shard,
        id,
        db_name,
        migration: journal.kind === "answered" ? journal.value.migration : "",
        local_position: position,
        workflow_keyspace: workflow?.keyspace ?? "",
        workflow: workflow?.workflow ?? "",
        outrun: outrun(
          members.filter(({ source_shard }) => source_shard === process.shard),
          parseGtidSet(position),
        ),
      },
    ];
  });
};

/** What the journals name; nothing of one that can not be parsed. */
export const deriveJournalNames = (facts: Facts) => {
  const shards: JournalShardRow[] = [];
  const tables: JournalTableRow[] = [];
  for (const { address, id, val } of facts.resharding_journal) {
    const journal = parseJournal(val);
    if (journal.kind === "unanswered") continue;
    const { migration, participants, shardGtids } = journal.value;
    const named = (side: string, { keyspace, shard }: KeyspaceShard) =>
      shards.push({ address, id, migration, side, keyspace, shard });
    for (const one of participants) named("source", one);
    for (const one of shardGtids) named("target", one);
    tables.push(...journal.value.tables.map((table_name) => ({ address, id, table_name })));
  }
  return {
    journal_shard: distinctInKeyOrder("journal_shard", shards) as readonly JournalShardRow[],
    journal_table: distinctInKeyOrder("journal_table", tables) as readonly JournalTableRow[],
  };
};

const claimedBy = (workflow: WorkflowRow | undefined, shard: string): WorkflowRow | undefined => {
  const sources: unknown = JSON.parse(workflow?.source_shards_json ?? "[]");
  return Array.isArray(sources) && sources.includes(shard) ? workflow : undefined;
};

/** Null: no stream, or positions that can not be compared. */
const outrun = (streams: readonly StreamRow[], position: GtidSet | null): number | null => {
  const verdicts = streams.map((stream) => {
    if (stream.active === 0) return false;
    if (stream.copying === 1) return true;
    const at = parseGtidSet(stream.pos);
    return at === null || position === null ? null : isBeyond(at, position);
  });
  if (verdicts.includes(false)) return 0;
  return verdicts.length === 0 || verdicts.includes(null) ? null : 1;
};
