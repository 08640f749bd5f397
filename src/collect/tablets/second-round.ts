import { answered, type Outcome } from "../../cluster/outcome.js";
import type { LiveTableRow, ProbeRow } from "../../snapshot/gen/tables.js";
import type { TableDefinition } from "../../tablets/access.js";
import { RARELY_FILLED } from "../../tablets/queries.js";
import { aliasOf } from "../../witnesses/witnesses.js";
import type { FactsPart } from "../facts-part.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import type { Records } from "../topology/records.js";
import type { TabletAnswers } from "./answers.js";
import { inParallel } from "./pool.js";
import { answerOf, ProbeLog } from "./probe-log.js";
import { SECOND_ROUND } from "./sidecar-rows.js";

/** What only one process of a shard is asked: the rest of the sidecar, what was moved aside, and its tables where they matter. */
export async function askShard(
  { target, empty }: TabletAnswers,
  sources: CollectSources,
  withTables: boolean,
): Promise<FactsPart> {
  const { address, at, required } = target;
  const log = new ProbeLog(address, required, sources.clock);
  const read = async (name: keyof typeof SECOND_ROUND): Promise<FactsPart> => {
    const { table, decode } = SECOND_ROUND[name];
    const known = RARELY_FILLED.some((rare) => rare === name && empty.has(rare));
    const answer = known ? Promise.resolve(answered([])) : sources.tablets.rows(at, name);
    const rows = listOf(await log.ask(name, answer)).map(decode);
    return { [table]: rows.flatMap((row) => (row === null ? [] : { address, ...row })) };
  };
  const [tables, ...filled] = await Promise.all([
    withTables ? log.ask("schema", sources.tablets.schema(at)).then(listOf) : [],
    ...READS.filter((name) => withTables || SECOND_ROUND[name].withTables !== true).map(read),
  ]);
  const live_table = tables.map((table) => tableRow(address, table));
  return Object.assign({ probe: log.probes, live_table }, ...filled);
}

const READS = Object.keys(SECOND_ROUND) as readonly (keyof typeof SECOND_ROUND)[];

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
