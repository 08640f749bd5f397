import { answered, type Outcome } from "../cluster/outcome.js";
import type { LiveTableRow } from "../snapshot/gen/tables.js";
import type { TableDefinition } from "../tablets/access.js";
import { RARELY_FILLED } from "../tablets/queries.js";
import type { FactsPart } from "./facts-part.js";
import { Interview } from "./interview.js";
import type { CollectSources } from "./settings.js";
import { SECOND_ROUND } from "./sidecar-facts.js";
import type { Sighting } from "./sighting.js";

/** What only one process of a shard is asked: the rest of the sidecar, what was moved aside, and its tables where they matter. */
export async function examine(
  { target, empty }: Sighting,
  sources: CollectSources,
  withTables: boolean,
): Promise<FactsPart> {
  const { address, at, required } = target;
  const interview = new Interview(address, required, sources.clock);
  const read = async (name: keyof typeof SECOND_ROUND): Promise<FactsPart> => {
    const { table, decode } = SECOND_ROUND[name];
    const known = RARELY_FILLED.some((rare) => rare === name && empty.has(rare));
    const answer = known ? Promise.resolve(answered([])) : sources.tablets.rows(at, name);
    const rows = listOf(await interview.ask(name, answer)).map(decode);
    return { [table]: rows.flatMap((row) => (row === null ? [] : { address, ...row })) };
  };
  const [tables, ...filled] = await Promise.all([
    withTables ? interview.ask("schema", sources.tablets.schema(at)).then(listOf) : [],
    ...READS.filter((name) => withTables || SECOND_ROUND[name].withTables !== true).map(read),
  ]);
  const live_table = tables.map((table) => tableRow(address, table));
  return Object.assign({ probe: interview.probes, live_table }, ...filled);
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
