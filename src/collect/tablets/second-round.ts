import { type KeyRange, keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import { answered, type Outcome } from "../../cluster/outcome.js";
import { parseStreamSource } from "../../cluster/stream-source.js";
import type { FactsPart } from "../../snapshot/facts.js";
import type { LiveTableRow, ProbeRow } from "../../snapshot/gen/tables.js";
import type { TableDefinition } from "../../tablets/access.js";
import { COSTS, RARELY_FILLED } from "../../tablets/queries.js";
import { aliasOf } from "../../witnesses/witnesses.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import { keyspaceOf, type Records, shardName } from "../topology/records.js";
import { answerOf, ProbeLog, type TabletAnswers } from "./answers.js";
import { inParallel } from "./pool.js";
import { SECOND_ROUND } from "./rows.js";
import { askDenied, askSequences } from "./shard-tables.js";

/** The second round: one process for each shard, its tables where they matter. */
export async function askShards(
  processes: readonly TabletAnswers[],
  records: Records,
  sources: CollectSources,
  settings: CollectSettings,
): Promise<readonly FactsPart[]> {
  const interesting = shardsOfInterest(processes, records);
  const withTables = (tablet: TabletAnswers): boolean =>
    interesting.has(shardOf(tablet)) ||
    (isPrimary(tablet) && (settings.askTables || (settings.tablesOf?.(shardOf(tablet)) ?? false)));
  const { reads } = settings;
  const dear = QUESTIONS.filter(
    (name) => COSTS[name] === "dear" && (reads === undefined || fills(name, reads)),
  );
  const chosen = primariesOrAll(processes);
  sources.progress?.(`reading the sidecar databases of ${chosen.length} tablets`);
  return inParallel(chosen, settings.concurrency, (tablet) => {
    const wanted = dear.filter((name) => withTables(tablet) || (name === "queryRules" && isMoved(tablet)));
    const sequences = records.sequences.get(tablet.who?.keyspace ?? "") ?? NO_NAMES;
    return askShard(tablet, sources, [...LIGHT, ...wanted], sequences);
  });
}

/** The questions that are no read of the sidecar, with the tables of the snapshot that hold the answer, or what follows from it. */
const OTHERS = {
  schema: ["live_table", "query_path", "table_variant", "sequence_state"],
  sequences: ["sequence_state"],
  queryRules: ["applied_denial"],
};

type ShardRead = keyof typeof SECOND_ROUND;
type ShardQuestion = keyof typeof OTHERS | ShardRead;

const isSidecarRead = (name: ShardQuestion): name is ShardRead => !(name in OTHERS);

const QUESTIONS = [...Object.keys(OTHERS), ...Object.keys(SECOND_ROUND)] as readonly ShardQuestion[];

const LIGHT = QUESTIONS.filter((name) => COSTS[name] === "light");

const fills = (name: ShardQuestion, reads: ReadonlySet<string>): boolean =>
  (isSidecarRead(name) ? [SECOND_ROUND[name].table] : OTHERS[name]).some((table) => reads.has(table));

/**
 * Who is asked for each shard in the second round: its primaries, whose sidecar tables the replicas only copy
 * (docs/vitess.md#sidecar-replication); where none answers, everybody who does.
 */
function primariesOrAll(answers: readonly TabletAnswers[]): readonly TabletAnswers[] {
  const askable = answers.filter(({ access, byGrpc }) => access === "ours" && byGrpc);
  const led = new Set(askable.filter(isPrimary).map(shardOf));
  return askable.filter((tablet) => isPrimary(tablet) || !led.has(shardOf(tablet)));
}

/**
 * The shards whose tables a verdict or a repair may rest on: those that streams write to or read from, and those that do not serve
 * as usual (no record, not serving, something denied). Of one that does not serve, or has no record, also the shards that share key ranges
 * with it: whoever took over has what it had. And where tables are expected by name: of routing rules, of lookup vindexes, of sequences.
 */
function shardsOfInterest(answers: readonly TabletAnswers[], records: Records): ReadonlySet<string> {
  const interesting = new Set<string>();
  for (const tablet of answers) {
    const shard = shardOf(tablet);
    const named = records.namedKeyspaces.has(keyspaceOf(shard));
    if (named || !records.plainShards.has(shard)) interesting.add(shard);
    for (const { source } of tablet.facts.vreplication ?? []) {
      interesting.add(shard);
      const from = parseStreamSource(source);
      if (from.kind === "answered") interesting.add(shardName(from.value.keyspace, from.value.shard));
    }
  }
  const idle = answers.filter((tablet) => !records.servingShards.has(shardOf(tablet)));
  for (const shard of neighbours(answers, idle)) interesting.add(shard);
  return interesting;
}

/** The shards of `answers` that share key ranges with one of `others`, in its keyspace. */
const neighbours = (
  answers: readonly TabletAnswers[],
  others: readonly TabletAnswers[],
): readonly string[] => {
  const ranges = new Map<string, Map<string, KeyRange>>();
  for (const { who } of others) {
    const range = keyRangeOfShard(who?.shard ?? "");
    if (who === null || range === null) continue;
    const own = ranges.get(who.keyspace) ?? new Map<string, KeyRange>();
    ranges.set(who.keyspace, own.set(who.shard, range));
  }
  return answers.filter(isPrimary).flatMap((tablet) => {
    const range = keyRangeOfShard(tablet.who?.shard ?? "");
    const near = [...(ranges.get(tablet.who?.keyspace ?? "")?.values() ?? [])];
    return range !== null && near.some((other) => overlaps(other, range)) ? [shardOf(tablet)] : [];
  });
};

const isPrimary = ({ who }: TabletAnswers): boolean => who?.type === "PRIMARY";

const shardOf = ({ who }: TabletAnswers): string => shardName(who?.keyspace ?? "", who?.shard ?? "");

const NO_NAMES: ReadonlySet<string> = new Set();

/** Something was moved from here: a denial comes and goes with a MoveTables, whose journal stays. */
const isMoved = ({ empty }: TabletAnswers): boolean => !empty.has("journals");

/**
 * What only one process of a shard is asked: the rest of the sidecar, what was moved aside, and its tables where they matter. `sequences`: tables
 * that the VSchema of its keyspace calls so.
 */
async function askShard(
  tablet: TabletAnswers,
  sources: CollectSources,
  questions: readonly ShardQuestion[],
  sequences: ReadonlySet<string>,
): Promise<FactsPart> {
  const { target, empty } = tablet;
  const { address, at, required } = target;
  const log = new ProbeLog(address, required, sources.clock);
  const read = async (name: keyof typeof SECOND_ROUND): Promise<FactsPart> => {
    const { table, decode } = SECOND_ROUND[name];
    const known = RARELY_FILLED.some((rare) => rare === name && empty.has(rare));
    const answer = known ? Promise.resolve(answered([])) : sources.tablets.rows(at, name);
    const rows = listOf(await log.ask(name, answer)).map(decode);
    return { [table]: rows.flatMap((row) => (row === null ? [] : { address, ...row })) };
  };
  const asked = (name: ShardQuestion): boolean => questions.includes(name);
  const [tables, applied_denial, ...filled] = await Promise.all([
    asked("schema") ? log.ask("schema", sources.tablets.schema(at)).then(listOf) : [],
    asked("queryRules") && isPrimary(tablet) ? askDenied(tablet, log, sources) : [],
    ...questions.filter(isSidecarRead).map(read),
  ]);
  const live_table = tables.map((table) => tableRow(address, table));
  const sequence_state = asked("sequences")
    ? await askSequences(
        target,
        tables.filter(({ name }) => sequences.has(name)),
        log,
        sources,
      )
    : [];
  return Object.assign({ probe: log.probes, live_table, sequence_state, applied_denial }, ...filled);
}

const listOf = <T>(outcome: Outcome<readonly T[]>): readonly T[] =>
  outcome.kind === "answered" ? outcome.value : [];

const tableRow = (address: string, table: TableDefinition): LiveTableRow => ({
  address,
  db_name: table.database,
  table_name: table.name,
  table_type: table.type,
  definition: table.definition,
  data_length: table.dataLength,
  row_count: table.rowCount,
});

interface MysqlPorts {
  /** By the address of the process; without those that did not say. */
  readonly at: ReadonlyMap<string, number>;
  readonly probes: readonly ProbeRow[];
}

/**
 * Where the MySQL of each process listens that has no Tablet record: once history is compacted nothing else tells it, and a record that
 * is put back needs it (vttablet itself takes it from `@@port`, docs/vitess.md#tablet-start).
 */
export async function portsOfUnrecorded(
  processes: readonly TabletAnswers[],
  records: Records,
  sources: CollectSources,
  settings: Pick<CollectSettings, "concurrency">,
): Promise<MysqlPorts> {
  const known = new Set(records.tablets.map(aliasOf));
  const unrecorded = processes.filter(
    ({ access, byGrpc, who }) => access === "ours" && byGrpc && who !== null && !known.has(who.alias),
  );
  const asked = await inParallel(unrecorded, settings.concurrency, async ({ target }) => {
    const log = new ProbeLog(target.address, target.required, sources.clock);
    const rows = answerOf(await log.ask("mysqlPort", sources.tablets.rows(target.at, "mysqlPort")));
    return { address: target.address, port: Number(rows?.[0]?.port ?? 0), probes: log.probes };
  });
  return {
    at: new Map(asked.filter(({ port }) => port > 0).map(({ address, port }) => [address, port])),
    probes: asked.flatMap(({ probes }) => probes),
  };
}
